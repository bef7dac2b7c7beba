/**
 * Times, sizes and lengths as people read them. Pure: the moment and the language are arguments.
 */
import type { Tongue } from "../words/words";

/** Which heading a moment falls under in a list. */
export type DayGroup = { kind: "today" | "yesterday" | "week" } | { kind: "month"; label: string };

/** Sorts moments under headings, as seen at `now`. Made once for a list: the names of months are slow to come by. */
export function dayGroups(now: Date, tongue: Tongue): (ms: number) => DayGroup {
  const daysAgo = (n: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - n).getTime();
  const [today, yesterday, week] = [daysAgo(0), daysAgo(1), daysAgo(6)];
  const months = new Map<number, DayGroup>();
  return (ms) => {
    if (ms >= today) return { kind: "today" };
    if (ms >= yesterday) return { kind: "yesterday" };
    if (ms >= week) return { kind: "week" };
    const day = new Date(ms);
    const month = day.getFullYear() * 12 + day.getMonth();
    const known = months.get(month);
    if (known !== undefined) return known;
    const sameYear = day.getFullYear() === now.getFullYear();
    const label = day.toLocaleDateString(tongue, { month: "long", ...(sameYear ? {} : { year: "numeric" }) });
    const group: DayGroup = { kind: "month", label };
    months.set(month, group);
    return group;
  };
}

/** 09:41, with the day before it when it was not today. */
export function clock(ms: number, now: Date, tongue: Tongue): string {
  const moment = new Date(ms);
  const time = moment.toLocaleTimeString(tongue, { hour: "2-digit", minute: "2-digit", hour12: false });
  if (moment.toDateString() === now.toDateString()) return time;
  const sameYear = moment.getFullYear() === now.getFullYear();
  const day = moment.toLocaleDateString(tongue, { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) });
  return `${day} ${time}`;
}

/** A running time: 0:07, 12:30, 1:02:03. */
export function runningTime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Seconds with one digit: 2.4. */
export function seconds(ms: number, tongue: Tongue): string {
  return (Math.max(0, ms) / 1000).toLocaleString(tongue, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** A size in decimal units: 800 B, 12 KB, 1.2 MB. */
export function size(bytes: number, tongue: Tongue): string {
  const digits = (n: number) => n.toLocaleString(tongue, { maximumFractionDigits: n < 10 ? 1 : 0 });
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${digits(bytes / 1000)} KB`;
  return `${digits(bytes / 1_000_000)} MB`;
}

/** Length in UTF-8, which is what the engine counts. Does not copy the text. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && isLow(text.charCodeAt(index + 1))) {
      bytes += 4;
      index += 1;
    } else bytes += 3;
  }
  return bytes;
}

/** Where in a text its UTF-8 byte `byte` stands, in UTF-16 units. Does not copy the text. */
export function indexAtByte(text: string, byte: number): number {
  let bytes = 0;
  let index = 0;
  while (index < text.length && bytes < byte) {
    const unit = text.charCodeAt(index);
    const pair = unit >= 0xd800 && unit < 0xdc00 && isLow(text.charCodeAt(index + 1));
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : pair ? 4 : 3;
    index += pair ? 2 : 1;
  }
  return index;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
