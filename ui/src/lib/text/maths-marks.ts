/**
 * Where maths begins and ends in a Markdown text, as extensions of its lexer: `$…$` and `\(…\)` in a line, `$$…$$` and
 * `\[…\]` on lines of their own. A dollar is money unless it is set like maths: no space inside its pair, no digit after it.
 */
import type { TokenizerExtension, Tokens } from "marked";

export const mathsToken = "maths";

// All are bounded, so that a text of opening marks alone is not read again from each of them.
const display = /^(?: {0,3}\$\$(?!\$)((?:\\\$|(?!\n[ \t]*\n)[^$]){1,8000}?)\$\$|[ \t]*\\\[((?:(?!\n[ \t]*\n)[\s\S]){1,8000}?)\\\])[ \t]*(?:\n|$)/;
const inDollars = /^\$(?![\s$])((?:\\[^\n]|[^$\\\n]){1,1000}?)(?<!\s)\$(?![\d$])/;
const inTwo = /^\$\$(?!\$)((?:(?!\n[ \t]*\n)[^$]){1,4000}?)\$\$/;
const inBrackets = /^\\\(((?:(?!\n[ \t]*\n)[\s\S]){1,1000}?)\\\)/;
const inSquare = /^\\\[((?:(?!\n[ \t]*\n)[\s\S]){1,4000}?)\\\]/;

/** How far ahead the next mark is looked for, in UTF-16 units: the lexer asks anew at every bit of text. */
const ahead = 4_000;

function token(raw: string, tex: string | undefined, look: "inline" | "display"): Tokens.Generic | undefined {
  return tex === undefined || tex.trim() === "" ? undefined : { type: mathsToken, raw, tex: tex.trim(), look };
}

export const block: TokenizerExtension = {
  name: mathsToken,
  level: "block",
  // In the middle of a paragraph, too, a line that begins with it is maths.
  start: (text) => /\n(?: {0,3}\$\$|[ \t]*\\\[)/.exec(text.slice(0, ahead))?.index,
  tokenizer(text) {
    const match = display.exec(text);
    return match === null ? undefined : token(match[0], match[1] ?? match[2], "display");
  },
};

export const inline: TokenizerExtension = {
  name: mathsToken,
  level: "inline",
  // A dollar after a letter or a digit is money or a name: US$5, A$AP.
  start: (text) => /(?<![\p{L}\p{N}\\$])\$|\\[([]/u.exec(text.slice(0, ahead))?.index,
  tokenizer(text) {
    const two = inTwo.exec(text) ?? inSquare.exec(text);
    if (two !== null) return token(two[0], two[1], "display");
    const one = inDollars.exec(text) ?? inBrackets.exec(text);
    return one === null ? undefined : token(one[0], one[1], "inline");
  },
};

/** Whether a text can hold maths at all; most hold none, and are read without looking for it. */
export function mayHoldMaths(text: string): boolean {
  return /\$|\\[([]/.test(text);
}
