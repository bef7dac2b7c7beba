/**
 * Cuts a growing text into whole sentences, for the live region: a screen reader is never given half a word.
 */

/** The sentences that are whole beyond `from`, and where the next one begins. */
export function wholeSentences(text: string, from: number): { sentences: string[]; next: number } {
  const sentences: string[] = [];
  let next = from;
  const end = /[.!?…]["'”’)\]]*(?=\s)|[。！？][”’）」』]*|\n+/g;
  end.lastIndex = from;
  for (let match = end.exec(text); match !== null; match = end.exec(text)) {
    const stop = match.index + match[0].length;
    const words = plainWords(text.slice(next, stop));
    if (words !== "") sentences.push(words);
    next = stop;
  }
  return { sentences, next };
}

/** What is left when the answer is whole. */
export function lastWords(text: string, from: number): string {
  return plainWords(text.slice(from));
}

/** Markdown's marks are not read out. */
function plainWords(text: string): string {
  return text
    .replace(/^\s*(?:#{1,6}|>|[-*+]|\d+[.)]|`{3,}\w*|\|)\s*/gm, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*_`~|]+/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
