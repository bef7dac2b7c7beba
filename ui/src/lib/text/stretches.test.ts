import { describe, expect, it } from "vitest";
import { Stretches } from "./stretches";

const lines = Array.from({ length: 900 }, (_, n) => `Line ${n} says a little more than the one before it.`);
const text = lines.join("\n");

describe("a growing plain text", () => {
  it("is the same however it came, and loses nothing but the line ends it is cut at", () => {
    const whole = new Stretches().update(text);
    expect(whole.join("\n")).toBe(text);
    expect(whole.length).toBeGreaterThan(20);
    for (const step of [7, 100, 1000, 5000]) {
      const growing = new Stretches();
      for (let end = 0; end < text.length; end += step) growing.update(text.slice(0, end));
      expect(growing.update(text)).toEqual(whole);
    }
  });

  it("is cut in a line that never ends", () => {
    const endless = "word ".repeat(20_000);
    const made = new Stretches().update(endless);
    expect(made.join(" ")).toBe(endless);
    expect(Math.max(...made.map((part) => part.length))).toBeLessThan(13_000);
  });

  it("begins anew with another text", () => {
    const growing = new Stretches();
    growing.update(text);
    expect(growing.update("Something else")).toEqual(["Something else"]);
    expect(growing.update("")).toEqual([""]);
  });
});
