/**
 * Cuts a growing Markdown text into pieces at borders that later words cannot move, so that only the last piece has
 * to be read and drawn again. A whole text is cut the same way: what streamed in looks as what was loaded.
 */

export interface Split {
  /** Whole pieces, in order. */
  settled: readonly string[];
  /** Where in the text the last, open piece begins. */
  from: number;
}

export const nothing: Split = { settled: [], from: 0 };

const listMarker = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)/;

/** Goes on from `before`, whose pieces must be the beginning of `text`. The same value when no border was found. */
export function advance(before: Split, text: string): Split {
  const borders = bordersAfter(text, before.from);
  if (borders.length === 0) return before;
  const settled = [...before.settled];
  let from = before.from;
  for (const border of borders) {
    settled.push(text.slice(from, border));
    from = border;
  }
  return { settled, from };
}

function bordersAfter(text: string, from: number): number[] {
  const borders: number[] = [];
  let fence: string | null = null;
  let inList = false;
  let first = true;
  let afterBlank = false;

  for (let start = from; start < text.length; ) {
    const newline = text.indexOf("\n", start);
    const whole = newline >= 0;
    const line = text.slice(start, whole ? newline : text.length);

    if (fence === null && line.trim() === "") {
      afterBlank = afterBlank || (whole && !first);
    } else {
      if (fence === null && afterBlank && beginsAnew(line, inList, whole)) {
        borders.push(start);
        first = true;
      }
      if (first) inList = listMarker.test(line);
      first = false;
      afterBlank = false;
      fence = fenceAfter(fence, line, inList);
    }
    if (!whole) break;
    start = newline + 1;
  }
  return borders;
}

/** Whether a line after a blank one cannot belong to the piece before it, whatever follows. */
function beginsAnew(line: string, inList: boolean, whole: boolean): boolean {
  if (/^[ \t]/.test(line)) return false;
  // "1" may yet become "1." and go on with the list.
  return !inList || (whole && !listMarker.test(line));
}

/** The fence that is open after this line: its character, as often as its closing one needs it. */
function fenceAfter(open: string | null, line: string, inList: boolean): string | null {
  const match = (inList ? /^(?:[ \t]|[-*+][ \t]|\d{1,9}[.)][ \t])*(`{3,}|~{3,})(.*)$/ : /^ {0,3}(`{3,}|~{3,})(.*)$/).exec(line);
  const mark = match?.[1];
  if (mark === undefined) return open;
  const rest = match?.[2] ?? "";
  if (open === null) return mark.startsWith("`") && rest.includes("`") ? null : mark;
  return mark.startsWith(open) && rest.trim() === "" ? null : open;
}
