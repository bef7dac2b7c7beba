/**
 * Words cut where a person interrupted: what was heard, and what was not. Pure.
 */

export interface Heard {
  heard: string;
  /** Empty when all of it was heard. */
  unheard: string;
}

/** Cuts after so many characters, as `[...text].length` counts; never inside one. */
export function cutHeard(text: string, characters: number): Heard {
  let at = 0;
  for (let n = 0; n < characters && at < text.length; n += 1) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return { heard: text.slice(0, at), unheard: text.slice(at) };
}

/** How many words a text has, where words are set apart; elsewhere how many characters. */
export function wordCount(text: string, tongue: string): number {
  const words = new Intl.Segmenter(tongue, { granularity: "word" }).segment(text);
  return [...words].filter(({ isWordLike }) => isWordLike === true).length;
}
