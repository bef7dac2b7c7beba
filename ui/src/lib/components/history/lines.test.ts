import { describe, expect, it } from "vitest";
import { inSight, lay } from "./lines";

const now = new Date(2026, 10, 24, 12);
const hour = 3_600_000;
const list = (count: number, apart: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `c${index}`, title: "", updated_ms: now.getTime() - index * apart, spoken: false, model: null }));

describe("the conversation list", () => {
  it("stands under its days, without gaps and in order", () => {
    const { lines, height } = lay(list(60, 8 * hour), { row: 36, head: 30 }, now, "en");
    const heads = lines.flatMap((line) => (line.kind === "head" ? [line.group] : []));
    expect(heads).toEqual([{ kind: "today" }, { kind: "yesterday" }, { kind: "week" }, { kind: "month", label: "November" }]);
    let top = 0;
    for (const line of lines) {
      expect(line.top).toBe(top);
      top += line.kind === "head" ? 30 : 36;
    }
    expect(height).toBe(top);
  });

  it("draws only what is in sight of ten thousand", () => {
    const { lines } = lay(list(10_000, hour), { row: 36, head: 30 }, now, "en");
    const seen = inSight(lines, 100_000, 100_700);
    expect(seen.length).toBeLessThan(45);
    expect(seen.some(({ top }) => top <= 100_000)).toBe(true);
    expect(seen.some(({ top }) => top >= 100_700)).toBe(true);
  });

  it("has nothing to draw when there is nothing", () => {
    expect(inSight(lay([], { row: 36, head: 30 }, now, "en").lines, 0, 700)).toEqual([]);
  });
});
