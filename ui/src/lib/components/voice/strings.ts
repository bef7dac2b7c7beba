/**
 * The shape of the string in each state, drawn from the word outward on a board of 400 × 40. The left string is its
 * mirror. At most 24 bars a side: the budget is 2 ms a frame without a graphics card.
 */

export interface Bar {
  x: number;
  height: number;
  /** Which of the last four levels moves it: waves run outward. */
  group: number;
  opacity: number;
}

const bars = 24;
const gap = 8;
const still = [13, 24, 17, 30, 22, 12, 27, 19, 10, 21, 15, 25, 11, 17, 8, 14, 19, 9, 12, 7, 10, 6, 9, 5];

function fade(index: number, count: number): number {
  return Math.max(0.12, 1 - (index / count) ** 1.6);
}

/** Bars of speech; heights are the still drawing, the level scales them. */
export const speech: readonly Bar[] = still.map((height, index) => ({
  x: 4 + index * gap,
  height,
  group: Math.min(3, Math.floor(index / 6)),
  opacity: fade(index, bars),
}));

/** Ticks of an open microphone, each fourth taller. */
export const ticks: readonly Bar[] = speech.map((bar, index) => ({ ...bar, height: index % 4 === 0 ? 11 : 5 }));

export interface Lens {
  path: string;
  group: number;
  opacity: number;
}

/** Lenses of Parlance's voice, light and strong in turn. */
export const lenses: readonly Lens[] = [14, 17, 11, 14, 8, 10, 6, 7].map((rise, index) => {
  const x = 2 + index * 34;
  const [a, b, end] = [x + 10, x + 24, x + 34];
  return {
    path: `M${x} 20C${a} ${20 - rise} ${b} ${20 - rise} ${end} 20C${b} ${20 + rise} ${a} ${20 + rise} ${x} 20z`,
    group: Math.min(3, Math.floor(index / 2)),
    opacity: fade(index, 8) * (index % 2 === 0 ? 1 : 0.55),
  };
});

/** Beads of thinking: one filled travels along them. */
export const beads = Array.from({ length: 10 }, (_, index) => ({ x: 12 + index * 28, opacity: fade(index, 10) }));

/** Dots on the way outward. */
export const dots = Array.from({ length: 16 }, (_, index) => ({ x: 6 + index * 12, opacity: fade(index, 16) }));
