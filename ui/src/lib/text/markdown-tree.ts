/**
 * Markdown as a tree of what the window is willing to draw. The parser reads; this file is the allow-list: raw HTML
 * becomes text, addresses are kept as words to be judged, and nothing else can come through.
 */
import { Lexer, Marked, type Token, type Tokens } from "marked";
import type { Look } from "./maths";
import { block as mathsBlock, inline as mathsInline, mathsToken, mayHoldMaths } from "./maths-marks";

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "strong"; inlines: Inline[] }
  | { kind: "em"; inlines: Inline[] }
  | { kind: "del"; inlines: Inline[] }
  | { kind: "code"; text: string }
  | { kind: "break" }
  | { kind: "maths"; tex: string; look: Look }
  | { kind: "link"; href: string; inlines: Inline[] }
  | { kind: "image"; href: string; alt: string };

export type Align = "left" | "center" | "right" | null;

export interface ListItem {
  /** For a task list: whether it is done. */
  done: boolean | null;
  blocks: Block[];
}

export type Block =
  | { kind: "paragraph"; inlines: Inline[] }
  | { kind: "heading"; depth: number; inlines: Inline[] }
  | { kind: "code"; language: string; text: string }
  | { kind: "quote"; blocks: Block[] }
  | { kind: "list"; start: number | null; tight: boolean; items: ListItem[] }
  | { kind: "table"; align: Align[]; header: Inline[][]; rows: Inline[][][] }
  | { kind: "rule" }
  | { kind: "maths"; tex: string }
  | { kind: "raw"; text: string };

/** Targets of reference links, by name. */
export type Definitions = Record<string, { href: string; title: string | undefined }>;

/** Beyond this a piece is shown as it is: reading it would hold the window up. */
const longestPiece = 400_000;
/** Deeper nesting is shown as text. */
const deepest = 24;

const withMaths = { ...new Marked({ gfm: true }, { extensions: [mathsBlock, mathsInline] }).defaults };

/** Adds the definitions it finds to `definitions`. Never throws. */
export function parse(source: string, definitions: Definitions): Block[] {
  if (source.length > longestPiece) return [{ kind: "raw", text: source }];
  try {
    const lexer = new Lexer(mayHoldMaths(source) ? withMaths : { gfm: true });
    Object.assign(lexer.tokens.links, definitions);
    const tokens = lexer.lex(source);
    Object.assign(definitions, tokens.links);
    return blocks(tokens, 0);
  } catch {
    // The parser recurses; a text made to exhaust it is still readable as it is.
    return [{ kind: "raw", text: source }];
  }
}

function blocks(tokens: readonly Token[], depth: number): Block[] {
  if (depth > deepest) return [{ kind: "raw", text: tokens.map(({ raw }) => raw).join("") }];
  return tokens.flatMap((token) => block(token as Tokens.Generic, depth));
}

function block(token: Tokens.Generic, depth: number): Block[] {
  switch (token.type) {
    case "space":
    case "def":
      return [];
    case "paragraph":
      return [{ kind: "paragraph", inlines: inlines(token.tokens, depth) }];
    case "text":
      return [{ kind: "paragraph", inlines: token.tokens ? inlines(token.tokens, depth) : [plain(token.raw)] }];
    case "heading":
      return [{ kind: "heading", depth: Number(token.depth), inlines: inlines(token.tokens, depth) }];
    case "code":
      return [{ kind: "code", language: language(token.lang as string | undefined), text: String(token.text) }];
    case "blockquote":
      return [{ kind: "quote", blocks: blocks(token.tokens ?? [], depth + 1) }];
    case "list":
      return [list(token as Tokens.List, depth)];
    case "table":
      return [table(token as Tokens.Table, depth)];
    case "hr":
      return [{ kind: "rule" }];
    case mathsToken:
      return [{ kind: "maths", tex: String(token.tex) }];
    default:
      return token.raw.trim() === "" ? [] : [{ kind: "raw", text: token.raw.trimEnd() }];
  }
}

function list(token: Tokens.List, depth: number): Block {
  return {
    kind: "list",
    start: token.ordered ? Number(token.start || 1) : null,
    tight: !token.loose,
    items: token.items.map((item) => ({
      done: item.task ? item.checked === true : null,
      blocks: blocks(item.tokens.filter(({ type }) => type !== "checkbox"), depth + 1),
    })),
  };
}

function table(token: Tokens.Table, depth: number): Block {
  return {
    kind: "table",
    align: token.align,
    header: token.header.map((cell) => inlines(cell.tokens, depth)),
    rows: token.rows.map((row) => row.map((cell) => inlines(cell.tokens, depth))),
  };
}

function inlines(tokens: readonly Token[] | undefined, depth: number): Inline[] {
  if (tokens === undefined) return [];
  if (depth > deepest) return [plain(tokens.map(({ raw }) => raw).join(""))];
  return tokens.map((token) => inline(token as Tokens.Generic, depth));
}

function inline(token: Tokens.Generic, depth: number): Inline {
  switch (token.type) {
    case "strong":
    case "em":
    case "del":
      return { kind: token.type, inlines: inlines(token.tokens, depth + 1) };
    case "codespan":
      return { kind: "code", text: String(token.text) };
    case "br":
      return { kind: "break" };
    case "link":
      return { kind: "link", href: unescapeEntities(String(token.href)), inlines: inlines(token.tokens, depth + 1) };
    case "image":
      return { kind: "image", href: unescapeEntities(String(token.href)), alt: unescapeEntities(String(token.text)) };
    case mathsToken:
      return { kind: "maths", tex: String(token.tex), look: token.look === "display" ? "display" : "inline" };
    case "escape":
      return { kind: "text", text: String(token.text) };
    case "text":
      return token.tokens
        ? { kind: "em", inlines: inlines(token.tokens, depth + 1) }
        : { kind: "text", text: unescapeEntities(String(token.text)) };
    default:
      return plain(token.raw);
  }
}

function plain(text: string): Inline {
  return { kind: "text", text };
}

/** The first word after a fence, as far as it can be a name. */
function language(info: string | undefined): string {
  return /^[\w+#.-]{1,32}/.exec(info?.trim() ?? "")?.[0] ?? "";
}

const named: Readonly<Record<string, string>> = {
  amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'", nbsp: "\u00A0", copy: "©", reg: "®", trade: "™", hellip: "…",
  mdash: "—", ndash: "–", lsquo: "‘", rsquo: "’", ldquo: "“", rdquo: "”", laquo: "«", raquo: "»", times: "×",
  deg: "°", plusmn: "±", middot: "·", bull: "•", larr: "←", rarr: "→", euro: "€", pound: "£", sect: "§",
};

function unescapeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([a-zA-Z]{2,8}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return named[name as string] ?? whole;
    const point = decimal === undefined ? parseInt(hex as string, 16) : Number(decimal);
    const legal = point > 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    return legal ? String.fromCodePoint(point) : "\uFFFD";
  });
}
