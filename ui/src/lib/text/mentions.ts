/**
 * Models addressed in a message by `@name`. Pure; who bears which name is an argument.
 */

/** A name that is being written: from `start` (the `@`) to the caret. */
export interface Mention {
  start: number;
  words: string;
}

/** Everything that can stand in a model's name after its `@`. */
const inName = /[\p{L}\p{N}._:+-]/u;

/** The names in a text that somebody bears, each once, in the order in which they stand. */
export function mentioned<T>(text: string, names: ReadonlyMap<string, T>): T[] {
  const found = new Map<string, T>();
  for (const match of text.matchAll(/(?<![\p{L}\p{N}_])@([\p{L}\p{N}._:+-]+)/gu)) {
    const written = match[1] ?? "";
    // A full stop or colon after a name belongs to the sentence: "ask @gpt-5." So the longest name wins.
    for (let end = written.length; end > 0; end -= 1) {
      const name = written.slice(0, end);
      const bearer = names.get(name);
      if (bearer === undefined) {
        if (/[\p{L}\p{N}]/u.test(written[end - 1] ?? "")) break;
        continue;
      }
      found.set(name, bearer);
      break;
    }
  }
  return [...found.values()];
}

/** The name that is being written at the caret, `null` when none is. */
export function mentionAt(text: string, caret: number): Mention | null {
  let start = caret;
  while (start > 0 && inName.test(text[start - 1] ?? "")) start -= 1;
  if (text[start - 1] !== "@") return null;
  const before = text[start - 2];
  if (before !== undefined && /[\p{L}\p{N}_]/u.test(before)) return null;
  return { start: start - 1, words: text.slice(start, caret) };
}

/** The text with the name put in the place of what is being written, and where the caret stands then. */
export function complete(text: string, mention: Mention, name: string): { text: string; caret: number } {
  const end = mention.start + 1 + mention.words.length;
  const put = `@${name}${text[end] === " " ? "" : " "}`;
  return { text: text.slice(0, mention.start) + put + text.slice(end), caret: mention.start + name.length + 2 };
}

/** Names that begin with, or hold, what is being written: those that begin with it first. */
export function fitting(names: Iterable<string>, words: string, most: number): string[] {
  const wanted = words.toLowerCase();
  const begin: string[] = [];
  const hold: string[] = [];
  for (const name of names) {
    const at = name.toLowerCase().indexOf(wanted);
    if (at === 0) begin.push(name);
    else if (at > 0) hold.push(name);
  }
  return [...begin, ...hold].slice(0, most);
}
