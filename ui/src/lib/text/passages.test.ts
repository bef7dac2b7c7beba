import { describe, expect, it } from "vitest";
import { indexAtByte, utf8Length } from "./format";
import { around, pieces } from "./passages";

describe("a place in a text", () => {
  it.each(["plain", "für Grüße", "声音与笔记", "a 🎈 b", "\ud800 alone"])("in bytes is the same place in units: %s", (text) => {
    for (let index = 0; index <= text.length; index += 1) {
      // The middle of a pair is no place.
      if (/[\udc00-\udfff]/.test(text[index] ?? "")) continue;
      expect(indexAtByte(text, utf8Length(text.slice(0, index)))).toBe(index);
    }
  });
});

describe("the words that match", () => {
  it("are told apart, overlapping and impossible ones too", () => {
    expect(pieces("the sun sets", [{ start: 4, end: 7 }, { start: 5, end: 7 }, { start: 8, end: 99 }, { start: 50, end: 60 }])).toEqual([
      { text: "the ", hit: false }, { text: "sun", hit: true }, { text: " ", hit: false }, { text: "sets", hit: true },
    ]);
    expect(pieces("", [{ start: 0, end: 3 }])).toEqual([]);
  });
});

describe("a passage in its note", () => {
  const text = "# Grüße\n\nErste Zeile.\nZweite – mit Strich.\n\nEnde";

  it("is given with the whole lines it stands in, and nothing is lost", () => {
    const at = text.indexOf("Strich");
    const cut = around(text, { start: utf8Length(text.slice(0, at)), end: utf8Length(text.slice(0, at + 6)) });
    expect(cut.passage).toBe("Zweite – mit Strich.\n");
    expect(cut.before + cut.passage + cut.after).toBe(text);
  });

  it("can be all of it, or lie beyond the end of what was shortened since", () => {
    expect(around(text, { start: 0, end: utf8Length(text) })).toEqual({ before: "", passage: text, after: "" });
    const cut = around(text, { start: 900, end: 950 });
    expect(cut.before + cut.passage + cut.after).toBe(text);
  });
});
