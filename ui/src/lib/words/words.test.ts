import en from "$words/en.json";
import zhCN from "$words/zh-CN.json";
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../ipc/generated";
import { faces } from "../state/errors";
import { names, plural, sentence, tongueFor } from "./words";

const english: Record<string, string> = en;
const chinese: Record<string, string> = zhCN;

describe("the dictionaries", () => {
  it("have the same keys in the same order", () => {
    expect(Object.keys(chinese)).toEqual(Object.keys(english));
  });

  it.each(Object.keys(english))("%s has the same parameters in both languages, and words in both", (key) => {
    expect([...new Set(names(chinese[key] ?? ""))].sort()).toEqual([...new Set(names(english[key] ?? ""))].sort());
    expect(chinese[key]?.trim()).not.toBe("");
    expect(english[key]?.trim()).not.toBe("");
  });

  it("shout nowhere and beg nowhere", () => {
    for (const words of [...Object.values(english), ...Object.values(chinese)]) {
      expect(words).not.toMatch(/[!！]|oops|please|您/i);
    }
  });

  it("say for every error what happened and what to do", () => {
    for (const code of Object.keys(faces) as ErrorCode[]) {
      expect(english).toHaveProperty([`error.${code}`]);
      expect(english).toHaveProperty([`error.${code}.hint`]);
    }
  });
});

describe("making a sentence", () => {
  it("leaves out a bracket whose figure is not known", () => {
    expect(sentence("en", "error.rate_limit", { provider: "Acme", seconds: 20, status: "429" })).toBe(
      "Acme asks to wait 20 s (429). Your message is kept.",
    );
    expect(sentence("en", "error.rate_limit", { provider: "Acme", seconds: null })).toBe(
      "Acme asks to wait. Your message is kept.",
    );
  });

  it("names what is not known in general words", () => {
    expect(sentence("zh-CN", "error.unreachable")).toBe("无法连接 服务器。你的消息已保存。");
  });

  it("does not read braces and brackets inside a value", () => {
    expect(sentence("en", "common.in_quotes", { text: "{text} [a] $& $1" })).toBe("“{text} [a] $& $1”");
  });

  it("chooses the plural form by the language", () => {
    expect(plural("en", "search.count", 1)).toBe("1 hit");
    expect(plural("en", "search.count", 1204)).toBe("1,204 hits");
    expect(plural("zh-CN", "search.count", 1)).toBe("1 条结果");
  });
});

describe("the language of the window", () => {
  it.each([
    ["system", ["de-DE", "zh-Hans-CN"], "zh-CN"],
    ["system", ["en-GB", "zh"], "en"],
    ["system", ["de"], "en"],
    ["zh-CN", ["en"], "zh-CN"],
  ] as const)("%s with %j is %s", (setting, preferred, tongue) => {
    expect(tongueFor(setting, preferred)).toBe(tongue);
  });
});
