import { describe, expect, it } from "vitest";
import { complete, fitting, mentionAt, mentioned } from "./mentions";

const names = new Map([
  ["gpt-5", "openai"],
  ["gpt-5.2", "openai two"],
  ["qwen3:8b", "ollama"],
]);

describe("names in a message", () => {
  it.each<[string, string[]]>([
    ["@gpt-5 hello", ["openai"]],
    ["Ask @gpt-5.2, then @qwen3:8b.", ["openai two", "ollama"]],
    ["@gpt-5. And @gpt-5 again", ["openai"]],
    ["mail me at ada@gpt-5", []],
    ["@gpt-55 and @nobody", []],
    ["@gpt", []],
    ["(@gpt-5)", ["openai"]],
    ["问 @gpt-5：好吗", ["openai"]],
    ["@", []],
  ])("%s", (text, found) => {
    expect(mentioned(text, names)).toEqual(found);
  });

  it("cost no more than the text is long", () => {
    const began = performance.now();
    mentioned(`@${"a".repeat(200_000)}`, names);
    mentioned("@gpt-5 ".repeat(20_000), names);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

describe("the name that is being written", () => {
  it.each<[string, { start: number; words: string } | null]>([
    ["ask @gp|", { start: 4, words: "gp" }],
    ["@|", { start: 0, words: "" }],
    ["@gpt-5 |", null],
    ["ada@ex|", null],
    ["no name|", null],
    ["(@q|wen", { start: 1, words: "q" }],
  ])("%s", (marked, expected) => {
    const caret = marked.indexOf("|");
    expect(mentionAt(marked.replace("|", ""), caret)).toEqual(expected);
  });

  it("is completed with a space after it, and only one", () => {
    expect(complete("ask @gp", { start: 4, words: "gp" }, "gpt-5")).toEqual({ text: "ask @gpt-5 ", caret: 11 });
    expect(complete("ask @gp now", { start: 4, words: "gp" }, "gpt-5")).toEqual({ text: "ask @gpt-5 now", caret: 11 });
  });

  it("fits names that begin with it before those that hold it", () => {
    expect(fitting(["my-gpt", "gpt-5", "GPT-4", "qwen"], "gpt", 8)).toEqual(["gpt-5", "GPT-4", "my-gpt"]);
    expect(fitting(["a", "b", "c"], "", 2)).toEqual(["a", "b"]);
  });
});
