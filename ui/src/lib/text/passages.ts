/**
 * A passage in the note it stands in, and the words in it that match. Pure.
 */
import { indexAtByte } from "./format";

export interface Piece {
  text: string;
  hit: boolean;
}

/** The text in pieces, those that `marks` (in UTF-16 units, in order) name as hits. */
export function pieces(text: string, marks: readonly { start: number; end: number }[]): Piece[] {
  const made: Piece[] = [];
  let from = 0;
  for (const { start, end } of marks) {
    const [begin, stop] = [Math.max(from, start), Math.min(text.length, end)];
    if (stop <= begin) continue;
    if (begin > from) made.push({ text: text.slice(from, begin), hit: false });
    made.push({ text: text.slice(begin, stop), hit: true });
    from = stop;
  }
  if (from < text.length) made.push({ text: text.slice(from), hit: false });
  return made;
}

/** The text before, in and after a stretch of UTF-8 bytes, cut at the ends of lines so that its Markdown stays whole. */
export function around(text: string, passage: { start: number; end: number }): { before: string; passage: string; after: string } {
  const from = text.lastIndexOf("\n", indexAtByte(text, passage.start) - 1) + 1;
  const stop = indexAtByte(text, passage.end);
  const newline = text.indexOf("\n", Math.max(from, stop - 1));
  const to = newline < 0 ? text.length : newline + 1;
  return { before: text.slice(0, from), passage: text.slice(from, to), after: text.slice(to) };
}
