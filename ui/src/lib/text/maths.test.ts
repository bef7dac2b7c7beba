import { beforeAll, describe, expect, it } from "vitest";
import { parse, type Inline } from "./markdown-tree";
import { formula, load, type MathElement } from "./maths";

const inlines = (source: string): Inline[] => {
  const first = parse(source, {})[0];
  return first?.kind === "paragraph" ? first.inlines : [];
};
const maths = (source: string) => inlines(source).flatMap((part) => (part.kind === "maths" ? [part.tex] : []));

describe("where maths stands in a text", () => {
  it.each([
    ["the sum $a+b$ is", ["a+b"]],
    ["$x$, $y_1$ and $\\text{cost \\$5}$", ["x", "y_1", "\\text{cost \\$5}"]],
    ["by \\(a_1 * b_2\\) and \\(c\\)", ["a_1 * b_2", "c"]],
    ["so $$a*b*c$$ holds", ["a*b*c"]],
  ])("%s", (source, found) => expect(maths(source)).toEqual(found));

  it.each([
    "It costs $5 and the other $10.",
    "between $5-$10, or US$5 and US$6",
    "a $ b $ c",
    "echo `$HOME` and `$PATH`",
    "an escaped \\$5 and \\$6",
    "only one $x",
    "$$",
  ])("%s has none", (source) => expect(maths(source)).toEqual([]));

  it("takes lines of their own as a block, also right after a sentence", () => {
    expect(parse("$$\n\\int_0^1 x\\,dx\n$$", {})).toEqual([{ kind: "maths", tex: "\\int_0^1 x\\,dx" }]);
    expect(parse("So:\n\\[ a^2 \\]\nholds.", {}).map(({ kind }) => kind)).toEqual(["paragraph", "maths", "paragraph"]);
  });

  it("holds the window up for no text of marks alone", () => {
    const begun = performance.now();
    for (const mark of ["$", "$$", "\\(", "\\[", "$a ", "a_$ "]) parse(mark.repeat(20_000), {});
    expect(performance.now() - begun).toBeLessThan(4_000);
  });
});

describe("what is drawn of a formula", () => {
  beforeAll(load);

  const flat = (node: MathElement): MathElement[] => [node, ...node.children.flatMap((child) => (typeof child === "string" ? [] : flat(child)))];
  const words = (node: MathElement): string => node.children.map((child) => (typeof child === "string" ? child : words(child))).join("");

  it("is MathML that says what the source says", () => {
    const tree = formula("\\frac{a}{b}", "inline");
    expect(tree?.tag).toBe("math");
    expect(tree && flat(tree).map(({ tag }) => tag)).toEqual(expect.arrayContaining(["mfrac", "mi"]));
    expect(tree && words(tree)).toBe("ab");
  });

  it.each([
    "\\begin{pmatrix}1 & 2\\\\3 & 4\\end{pmatrix}", "\\begin{align}a &= b\\\\ &= c\\end{align}", "\\sum_{i=1}^n \\sqrt[3]{x_i}", "\\lim_{x\\to 0}\\frac{\\sin x}{x}", "\\boxed{E=mc^2}",
    "\\mathbb{R}^n \\to \\mathcal{L}", "\\color{red}{x}", "\\begin{cases}1 & x>0\\\\0 & \\text{else}\\end{cases}", "\\overbrace{a+b}^{n}", "\\vec{v}\\cdot\\hat{u}",
  ])("%s is read", (tex) => expect(formula(tex, "display")).not.toBeNull());

  it.each([
    "\\href{https://evil.example}{x}", "\\includegraphics{https://evil.example/x.png}", "\\class{window}{x}", "\\id{app}{x}", "\\style{position:fixed}{x}", "\\data{a=b}{x}",
    "\\frac{a", "\\nonsense", "\\def\\a{\\a\\a}\\a", "{".repeat(4_000) + "}".repeat(4_000), "x".repeat(9_000),
  ])("%s stays as its source", (tex) => expect(formula(tex, "display")).toBeNull());

  it("asks for no address, no script and no large measure", () => {
    for (const tex of ["\\rule{9999em}{9999em}", "\\text{<img src=x onerror=alert(1)>}", "\\color{url(https://evil.example)}x", "\\kern{9999em}x", "\\fbox{x}", "\\colorbox{yellow}{x}"]) {
      const tree = formula(tex, "display");
      if (tree === null) continue;
      for (const { attributes, style } of flat(tree)) {
        expect(Object.keys(attributes).filter((name) => /^on|href|src|^id$|^style$/.test(name))).toEqual([]);
        expect(Object.values(attributes).join(" ") + style).not.toMatch(/url|https?:|javascript|position|\d{4,}em/);
      }
    }
  });
});
