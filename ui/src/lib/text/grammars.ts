/**
 * The grammars of highlight.js, each loaded when code of its language is first shown. They give a tree of names and
 * words; which names have a colour is said in `code.ts`.
 */
import type { LanguageFn } from "highlight.js";

type Grammar = () => Promise<{ default: LanguageFn }>;

const grammars: Readonly<Record<string, Grammar>> = {
  bash: () => import("highlight.js/lib/languages/bash"),
  c: () => import("highlight.js/lib/languages/c"),
  clojure: () => import("highlight.js/lib/languages/clojure"),
  cmake: () => import("highlight.js/lib/languages/cmake"),
  cpp: () => import("highlight.js/lib/languages/cpp"),
  csharp: () => import("highlight.js/lib/languages/csharp"),
  css: () => import("highlight.js/lib/languages/css"),
  dart: () => import("highlight.js/lib/languages/dart"),
  diff: () => import("highlight.js/lib/languages/diff"),
  dockerfile: () => import("highlight.js/lib/languages/dockerfile"),
  elixir: () => import("highlight.js/lib/languages/elixir"),
  erlang: () => import("highlight.js/lib/languages/erlang"),
  go: () => import("highlight.js/lib/languages/go"),
  graphql: () => import("highlight.js/lib/languages/graphql"),
  haskell: () => import("highlight.js/lib/languages/haskell"),
  http: () => import("highlight.js/lib/languages/http"),
  ini: () => import("highlight.js/lib/languages/ini"),
  java: () => import("highlight.js/lib/languages/java"),
  javascript: () => import("highlight.js/lib/languages/javascript"),
  json: () => import("highlight.js/lib/languages/json"),
  julia: () => import("highlight.js/lib/languages/julia"),
  kotlin: () => import("highlight.js/lib/languages/kotlin"),
  latex: () => import("highlight.js/lib/languages/latex"),
  lua: () => import("highlight.js/lib/languages/lua"),
  makefile: () => import("highlight.js/lib/languages/makefile"),
  matlab: () => import("highlight.js/lib/languages/matlab"),
  nginx: () => import("highlight.js/lib/languages/nginx"),
  nix: () => import("highlight.js/lib/languages/nix"),
  ocaml: () => import("highlight.js/lib/languages/ocaml"),
  perl: () => import("highlight.js/lib/languages/perl"),
  php: () => import("highlight.js/lib/languages/php"),
  powershell: () => import("highlight.js/lib/languages/powershell"),
  protobuf: () => import("highlight.js/lib/languages/protobuf"),
  python: () => import("highlight.js/lib/languages/python"),
  r: () => import("highlight.js/lib/languages/r"),
  ruby: () => import("highlight.js/lib/languages/ruby"),
  rust: () => import("highlight.js/lib/languages/rust"),
  scala: () => import("highlight.js/lib/languages/scala"),
  scss: () => import("highlight.js/lib/languages/scss"),
  shell: () => import("highlight.js/lib/languages/shell"),
  sql: () => import("highlight.js/lib/languages/sql"),
  swift: () => import("highlight.js/lib/languages/swift"),
  typescript: () => import("highlight.js/lib/languages/typescript"),
  xml: () => import("highlight.js/lib/languages/xml"),
  yaml: () => import("highlight.js/lib/languages/yaml"),
};

/** What people write after a fence, where it is not the grammar's own name. */
const alsoCalled: Readonly<Record<string, string>> = {
  sh: "bash", zsh: "bash", "c++": "cpp", cc: "cpp", hpp: "cpp", h: "c", "c#": "csharp", cs: "csharp", docker: "dockerfile", patch: "diff", golang: "go",
  ex: "elixir", exs: "elixir", erl: "erlang", gql: "graphql", hs: "haskell", toml: "ini", conf: "ini", properties: "ini", jsp: "java", js: "javascript", jsx: "javascript", mjs: "javascript",
  node: "javascript", json5: "json", jsonc: "json", jl: "julia", kt: "kotlin", kts: "kotlin", tex: "latex", make: "makefile", mk: "makefile", ml: "ocaml", pl: "perl", ps1: "powershell", pwsh: "powershell",
  proto: "protobuf", py: "python", python3: "python", gyp: "python", rb: "ruby", rs: "rust", less: "scss", sass: "scss", console: "shell", terminal: "shell", postgresql: "sql", mysql: "sql", sqlite: "sql",
  plsql: "sql", ts: "typescript", tsx: "typescript", html: "xml", svg: "xml", xhtml: "xml", rss: "xml", vue: "xml", svelte: "xml", yml: "yaml", clj: "clojure",
};

/** The grammars that others call for. */
const inside: Readonly<Record<string, readonly string[]>> = { xml: ["javascript", "css"], php: ["xml", "javascript", "css"], dockerfile: ["bash"], shell: ["bash"], http: ["json"] };

/** The grammar for the word after a fence, `null` when there is none. */
export function grammarOf(language: string): string | null {
  const word = language.toLowerCase();
  const name = alsoCalled[word] ?? word;
  return Object.hasOwn(grammars, name) ? name : null;
}

/** What lowlight gives: names around words. */
export interface Tree {
  children: readonly (Tree | { type: "text"; value: string } | Named)[];
}
interface Named extends Tree {
  type: "element";
  properties: { className?: unknown };
}

type Lowlight = Awaited<ReturnType<typeof makeLowlight>>;
let lowlight: Lowlight | null = null;

async function makeLowlight() {
  return (await import("lowlight")).createLowlight();
}

/** Loads what `grammar` needs; a second time it is there at once. */
export async function load(grammar: string): Promise<void> {
  lowlight ??= await makeLowlight();
  const names = [grammar, ...(inside[grammar] ?? [])].filter((name) => lowlight?.registered(name) === false);
  const found = await Promise.all(names.map(async (name) => [name, (await grammars[name]?.())?.default] as const));
  for (const [name, make] of found) if (make !== undefined) lowlight.register(name, make);
}

export function loaded(grammar: string): boolean {
  return lowlight?.registered(grammar) === true;
}

/** The tree of `code`; the grammar has to be loaded. */
export function tree(grammar: string, code: string): Tree {
  if (lowlight === null) throw new Error("BUG: no grammar is loaded");
  return lowlight.highlight(grammar, code) as Tree;
}
