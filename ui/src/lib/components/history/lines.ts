/**
 * The conversation list as lines of known height, and which of them are in sight. Pure: ten thousand lines cost as many
 * elements as fit on the screen.
 */
import type { ConversationSummary } from "$lib/ipc/generated";
import { dayGroups, type DayGroup } from "$lib/text/format";
import type { Tongue } from "$lib/words/words";

export type Line =
  | { kind: "head"; key: string; group: DayGroup; top: number }
  | { kind: "row"; key: string; summary: ConversationSummary; /** From 1. */ number: number; top: number };

/** Heights in pixels at text size 1. */
export interface Heights {
  row: number;
  head: number;
}

export function lay(list: readonly ConversationSummary[], heights: Heights, now: Date, tongue: Tongue): { lines: Line[]; height: number } {
  const groupOf = dayGroups(now, tongue);
  const lines: Line[] = [];
  let top = 0;
  let last = "";
  list.forEach((summary, index) => {
    const group = groupOf(summary.updated_ms);
    const key = group.kind === "month" ? group.label : group.kind;
    if (key !== last) {
      lines.push({ kind: "head", key: `before ${summary.id}`, group, top });
      top += heights.head;
      last = key;
    }
    lines.push({ kind: "row", key: summary.id, summary, number: index + 1, top });
    top += heights.row;
  });
  return { lines, height: top };
}

/** The lines between two heights, with some more on both sides. */
export function inSight(lines: readonly Line[], from: number, to: number): readonly Line[] {
  const spare = 8;
  return lines.slice(Math.max(0, firstBelow(lines, from) - spare), firstBelow(lines, to) + spare);
}

function firstBelow(lines: readonly Line[], height: number): number {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle]?.top ?? 0) < height) low = middle + 1;
    else high = middle;
  }
  return low;
}
