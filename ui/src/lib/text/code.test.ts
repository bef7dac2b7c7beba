import { describe, expect, it } from "vitest";
import { highlight, longest } from "./code";
import { grammarOf, load } from "./grammars";

const code = "def f(x): # \"no\"\n  return 'a\\'b' + 1.5 // c\n/* d <b>&amp;</b> \u202e";
const coloured = async (source: string, language: string) => {
  const grammar = grammarOf(language);
  if (grammar !== null) await load(grammar);
  return highlight(source, language);
};

describe("colouring code", () => {
  it.each(["python", "rust", "ts", "sql", "sh", "html", "php", "c++", "diff", "yaml", "", "unheard-of", "constructor"])("loses no character of %s", async (language) => {
    expect((await coloured(code, language)).map(({ text }) => text).join("")).toBe(code);
  });

  it("tells words, names, strings and comments apart", async () => {
    const marks = await coloured("def half(x):  # why\n  return \"a\"", "python");
    const kindOf = (text: string) => marks.find((mark) => mark.text.trim() === text)?.kind;
    expect(["def", "half", "# why", "return", "\"a\""].map(kindOf)).toEqual(["word", "name", "quiet", "word", "text"]);
  });

  it("shows what came and what went", async () => {
    expect((await coloured("+ new\n- old\n same", "patch")).map(({ kind }) => kind)).toEqual(["added", "plain", "removed", "plain"]);
  });

  it("colours the script of a page by its own grammar", async () => {
    expect((await coloured("<script>const a = 1;</script>", "html")).find(({ text }) => text === "const")?.kind).toBe("word");
  });

  it("leaves alone what has no grammar, or is too long for one", async () => {
    expect(grammarOf("toString")).toBeNull();
    expect(await coloured("x = 1", "")).toEqual([{ kind: "plain", text: "x = 1" }]);
    expect(await coloured("x = 1\n".repeat(longest), "python")).toHaveLength(1);
  });
});
