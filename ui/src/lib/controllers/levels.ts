/**
 * How loud it is: 30 numbers a second, written into CSS variables by one animation frame and kept away from Svelte.
 */

/** The last levels of one side, newest first; a string shows them running outward. */
const remembered = 4;

export class Levels {
  input = 0;
  output = 0;
  /** When the microphone was last above silence, on the page's clock. */
  heardAt = 0;

  set(input: number, output: number, now: number): void {
    this.input = input;
    this.output = output;
    if (input > 0.02) this.heardAt = now;
  }

  /**
   * Draws `side` into `element` as `--l0` … `--l3` until the returned function is called. With reduced motion the level
   * has five steps and changes at most four times a second.
   */
  draw(element: HTMLElement, side: "input" | "output", motion: "full" | "reduced"): () => void {
    const history = new Array<number>(remembered).fill(0);
    let frame = 0;
    let shiftedAt = 0;
    const step = (now: number) => {
      frame = requestAnimationFrame(step);
      if (document.hidden) return;
      const pause = motion === "full" ? 50 : 250;
      if (now - shiftedAt < (motion === "full" ? 0 : pause)) return;
      const level = motion === "full" ? this[side] : Math.round(this[side] * 4) / 4;
      if (now - shiftedAt >= pause) {
        history.unshift(level);
        history.length = remembered;
        shiftedAt = now;
      } else {
        history[0] = level;
      }
      history.forEach((value, index) => element.style.setProperty(`--l${index}`, value.toFixed(3)));
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }
}
