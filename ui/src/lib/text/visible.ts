/**
 * Characters that hide or reorder words, made visible: for names, titles, hosts and arguments, where a look decides.
 * Body text keeps its own direction and does not pass here.
 */

/** Bidirectional controls, zero-width marks and tag characters. */
const hidden = /[\u202A-\u202E\u2066-\u2069\u200B-\u200F\u061C\uFEFF]|[\u{E0000}-\u{E007F}]/gu;
/** Control characters; a line break in a title is drawn as a space. */
const control = /[\u0000-\u0008\u000E-\u001F\u007F-\u009F]/g;

export function visible(text: string): string {
  return text
    .replace(/[\t\n\v\f\r\u2028\u2029]+/g, " ")
    .replace(control, "\uFFFD")
    .replace(hidden, (mark) => `‹${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase()}›`);
}
