/**
 * Colours for code: the many names a grammar has for parts of it, as the few colours of the window. Pure but for the
 * grammars, which are loaded before.
 */
import { grammarOf, loaded, tree, type Tree } from "./grammars";

export interface Mark {
  kind: "plain" | "word" | "text" | "quiet" | "name" | "added" | "removed";
  text: string;
}

/** Beyond this, code is shown in one colour. In UTF-16 units. */
export const longest = 60_000;

const kinds: Readonly<Record<string, Mark["kind"]>> = {
  keyword: "word", built_in: "word", literal: "word", type: "word", operator: "plain", "selector-tag": "word", "template-tag": "word",
  string: "text", number: "text", regexp: "text", char: "text", symbol: "text", link: "text", code: "text", quote: "quiet",
  comment: "quiet", doctag: "quiet", meta: "quiet", prompt: "quiet", punctuation: "plain",
  title: "name", name: "name", section: "name", attr: "name", attribute: "name", property: "name", variable: "name", "selector-class": "name", "selector-id": "name", "template-variable": "name", tag: "plain",
  addition: "added", deletion: "removed",
};

/** The marks of `code`, which put together are `code` again; in one colour while its grammar is not loaded. */
export function highlight(code: string, language: string): Mark[] {
  const grammar = grammarOf(language);
  if (grammar === null || code.length > longest || !loaded(grammar)) return plain(code);
  const marks: Mark[] = [];
  walk(tree(grammar, code), "plain", marks);
  // A grammar that loses a character would hide it: then colours are not worth it.
  return marks.map(({ text }) => text).join("") === code ? marks : plain(code);
}

export function plain(code: string): Mark[] {
  return [{ kind: "plain", text: code }];
}

function walk({ children }: Tree, kind: Mark["kind"], marks: Mark[]): void {
  for (const child of children) {
    if ("value" in child) {
      const last = marks.at(-1);
      if (last?.kind === kind) last.text += child.value;
      else marks.push({ kind, text: child.value });
    } else {
      walk(child, "properties" in child ? (kindOf(child.properties.className) ?? kind) : kind, marks);
    }
  }
}

/** The colour of `["hljs-title", "function_"]`: its first name decides. */
function kindOf(names: unknown): Mark["kind"] | undefined {
  const first = Array.isArray(names) ? String(names[0]).replace(/^hljs-/, "") : "";
  return Object.hasOwn(kinds, first) ? kinds[first] : undefined;
}
