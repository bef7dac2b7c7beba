import { describe, expect, it, vi } from "vitest";
import { GrowingDocument } from "./growing-document";
import { advance, nothing } from "./markdown-split";
import { parse, type Block, type Inline } from "./markdown-tree";

vi.mock("./markdown-tree", async (original) => {
  const module = await original<{ parse: typeof parse }>();
  return { ...module, parse: vi.fn(module.parse) };
});

const article = [
  "# Bread",
  "Salt *slows* the yeast.\nIt also **tightens** the dough.",
  "- one\n- two\n\n  still two\n\n- three",
  "```python\ndef f(x):\n\n    return x\n```",
  "| a | b |\n|---|--:|\n| 1 | 2 |",
  "> quoted\n\n> again",
  "1. first\n\n2. second",
  "    indented code",
  "~~~\n```\n\nnot closed by the other fence\n~~~",
  "See [the source][src] and <b>this</b>.",
  "[src]: https://example.org/a",
  "The end.",
].join("\n\n");

const flat = (blocks: readonly Block[]) => JSON.stringify(blocks);

describe("cutting a growing text", () => {
  it("gives the same pieces for every way the text can arrive", () => {
    const whole = new GrowingDocument().update(article);
    for (const step of [1, 2, 3, 7, 50]) {
      const document = new GrowingDocument();
      let pieces = document.update("");
      for (let end = step; end < article.length + step; end += step) pieces = document.update(article.slice(0, end));
      expect(pieces.map(({ blocks }) => flat(blocks))).toEqual(whole.map(({ blocks }) => flat(blocks)));
    }
  });

  it("never moves a border that it has drawn", () => {
    let split = nothing;
    for (let end = 1; end <= article.length; end += 1) {
      const next = advance(split, article.slice(0, end));
      expect(next.settled.slice(0, split.settled.length)).toEqual(split.settled);
      split = next;
    }
    expect(split.settled.join("") + article.slice(split.from)).toBe(article);
    expect(split.settled.length).toBeGreaterThan(8);
  });

  it("keeps a fence, a list and its paragraphs in one piece", () => {
    expect(advance(nothing, "```\na\n\nb\n```\n\nnext\n").settled).toEqual(["```\na\n\nb\n```\n\n"]);
    expect(advance(nothing, "1. a\n\n2. b\n\n   c\n\nnext\n").settled).toEqual(["1. a\n\n2. b\n\n   c\n\n"]);
    expect(advance(nothing, "1. a\n\n2").settled).toEqual([]);
  });

  it("keeps settled pieces by identity, so that they are not drawn again", () => {
    const document = new GrowingDocument();
    const before = document.update("one\n\ntwo\n\nthr");
    const after = document.update("one\n\ntwo\n\nthree");
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(after[2]).not.toBe(before[2]);
  });

  it("resolves a link whose target comes later", () => {
    const document = new GrowingDocument();
    document.update("[a][x]\n\ntext\n\n");
    const pieces = document.update("[a][x]\n\ntext\n\n[x]: https://example.org\n\nend");
    expect(flat(pieces[0]?.blocks ?? [])).toContain("https://example.org");
  });

  it("reads no piece of a 60 KB answer again once it is settled", () => {
    const paragraph = "A sentence of ten words which stands for many others. ".repeat(12) + "\n\n";
    const text = paragraph.repeat(95);
    const document = new GrowingDocument();
    const read = vi.mocked(parse);
    read.mockClear();
    let updates = 0;
    for (let end = 24; end <= text.length; end += 24, updates += 1) document.update(text.slice(0, end));
    const longest = Math.max(...read.mock.calls.map(([source]) => source.length));
    expect(longest).toBeLessThanOrEqual(paragraph.length + 24);
    expect(read.mock.calls.length).toBeLessThanOrEqual(updates + 95);
  });
});

describe("what the window is willing to draw", () => {
  const inlines = (source: string): Inline[] => {
    const first = parse(source, {})[0];
    return first?.kind === "paragraph" ? first.inlines : [];
  };

  it.each([
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<style>@import 'https://evil.example'</style>",
    "<link rel=preconnect href=https://evil.example>",
    "<iframe src=https://evil.example></iframe>",
    "<script>alert(1)</script>",
    "<video poster=https://evil.example/x></video>",
    "a <b>bold</b> word",
  ])("%s is shown as text", (source) => {
    const kinds = flat(parse(source, {})).match(/"kind":"\w+"/g) ?? [];
    expect(new Set(kinds)).toEqual(new Set(kinds.filter((kind) => /raw|paragraph|text/.test(kind))));
    const drawn = [...flat(parse(source, {})).matchAll(/"text":"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1]).join("");
    expect(drawn).toBe(source);
  });

  it("decodes entities into the characters they stand for, and nothing more", () => {
    expect(inlines("a &lt;b&gt; &amp;amp; &#x27; &unknown; &#0;")).toEqual([
      { kind: "text", text: "a <b> &amp; ' &unknown; \uFFFD" },
    ]);
  });

  it("keeps an address as words", () => {
    expect(inlines("[x](javascript:alert(1))")[0]).toMatchObject({ kind: "link", href: "javascript:alert(1)" });
    expect(inlines("![x](https://evil.example/?q=secret)")[0]).toMatchObject({ kind: "image", alt: "x" });
  });

  it("shows what would exhaust the parser as it is", () => {
    expect(parse(">".repeat(20_000) + "a", {}).length).toBeGreaterThan(0);
    expect(parse("*a ".repeat(20_000), {}).length).toBeGreaterThan(0);
  });
});
