import { describe, expect, it } from "vitest";
import { clock, dayGroups, runningTime, seconds, size, utf8Length } from "./format";
import { judge, namesAnotherHost } from "./links";
import { lastWords, wholeSentences } from "./sentences";
import { visible } from "./visible";

describe("links", () => {
  it.each([
    ["https://example.org/a?b#c", "web", "example.org"],
    ["http://localhost:11434/v1", "web", "localhost:11434"],
    ["HTTPS://EXAMPLE.ORG", "web", "example.org"],
    ["https://аpple.com/", "web", "xn--pple-43d.com"],
    ["mailto:a@example.org?subject=x", "mail", "a@example.org"],
    ["javascript:alert(1)", "refused", null],
    [" java\nscript:alert(1)", "refused", null],
    ["data:text/html,x", "refused", null],
    ["blob:https://example.org/x", "refused", null],
    ["file:///etc/passwd", "refused", null],
    ["smb://server/share", "refused", null],
    ["ms-msdt:/id", "refused", null],
    ["vbscript:x", "refused", null],
    ["tel:123", "refused", null],
    ["//example.org", "refused", null],
    ["/relative", "refused", null],
    ["#anchor", "refused", null],
    ["https://user@example.org", "refused", null],
    ["https://good.example@evil.example/", "refused", null],
    ["https://", "refused", null],
    ["", "refused", null],
  ])("%j is %s", (href, kind, host) => {
    expect(judge(href)).toMatchObject(host === null ? { kind } : { kind, host });
  });

  it.each([
    ["mybank.com", "https://evil.example/", "mybank.com"],
    ["https://mybank.com/login", "https://mybank.com.evil.example/", "mybank.com"],
    ["www.example.org", "https://example.org/a", null],
    ["the source", "https://example.org/", null],
    ["version 1.2", "https://example.org/", null],
  ])("words %j before %s name %s", (words, href, named) => {
    expect(namesAnotherHost(words, judge(href))).toBe(named);
  });
});

describe("hidden characters", () => {
  it.each([
    ["invoice\u202Egpj.exe", "invoice‹202E›gpj.exe"],
    ["a\u200Bb", "a‹200B›b"],
    ["a\u{E0041}b", "a‹E0041›b"],
    ["two\nlines", "two lines"],
    ["bell\u0007", "bell\uFFFD"],
    ["Привет 你好 שלום", "Привет 你好 שלום"],
  ])("%j is drawn as %s", (text, drawn) => {
    expect(visible(text)).toBe(drawn);
  });
});

describe("times, sizes and lengths", () => {
  const now = new Date(2026, 10, 24, 9, 43);
  const at = (day: number, month = 10, year = 2026) => new Date(year, month, day, 8, 5).getTime();

  it.each([
    [at(24), { kind: "today" }],
    [at(23), { kind: "yesterday" }],
    [at(18), { kind: "week" }],
    [at(17), { kind: "month", label: "November" }],
    [at(3, 1, 2025), { kind: "month", label: "February 2025" }],
  ])("%d falls under %o", (ms, group) => {
    expect(dayGroups(now, "en")(ms)).toEqual(group);
  });

  it("names the hour, and the day when it is another", () => {
    expect(clock(at(24), now, "en")).toBe("08:05");
    expect(clock(at(3, 1, 2025), now, "en")).toMatch(/Feb.*2025.*08:05/);
  });

  it.each([[0, "0:00"], [7_400, "0:07"], [750_000, "12:30"], [3_723_000, "1:02:03"], [-5, "0:00"]])("%d ms is %s", (ms, text) => {
    expect(runningTime(ms)).toBe(text);
  });

  it("writes seconds and sizes short", () => {
    expect(seconds(2449, "en")).toBe("2.4");
    expect([size(800, "en"), size(12_000, "en"), size(1_240_000, "en")]).toEqual(["800 B", "12 KB", "1.2 MB"]);
  });

  it.each(["", "abc", "é", "你好", "🎉🎉", "\ud800x", "x\ud83c"])("counts the bytes of %j as an encoder does", (text) => {
    expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
  });
});

describe("sentences for the ear", () => {
  it("gives whole sentences only, once", () => {
    const first = wholeSentences("Salt slows yeast. It costs 1.5 eu", 0);
    expect(first.sentences).toEqual(["Salt slows yeast."]);
    const second = wholeSentences("Salt slows yeast. It costs 1.5 euro. Done", first.next);
    expect(second.sentences).toEqual(["It costs 1.5 euro."]);
    expect(lastWords("Salt slows yeast. It costs 1.5 euro. Done", second.next)).toBe("Done");
  });

  it("knows Chinese full stops and leaves out marks of Markdown", () => {
    expect(wholeSentences("面包。**盐**很重要！然", 0).sentences).toEqual(["面包。", "盐很重要！"]);
    expect(wholeSentences("## A title\n- [one](https://example.org)\n", 0).sentences).toEqual(["A title", "one"]);
  });
});
