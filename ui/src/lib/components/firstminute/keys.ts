/**
 * Whose key this is, by its beginning. Pure, and the only place that looks at a key; it keeps nothing.
 */

export type Guess =
  /** Nothing yet. */
  | { kind: "empty" }
  /** It holds spaces or line breaks: not a key. */
  | { kind: "not a key" }
  /** Certainly this provider's. */
  | { kind: "provider"; id: string }
  /** Many servers make keys like this: the person chooses. */
  | { kind: "ambiguous" };

const certain: readonly { prefix: RegExp; guess: Guess }[] = [
  { prefix: /^sk-ant-/, guess: { kind: "provider", id: "anthropic" } },
  { prefix: /^AIza/, guess: { kind: "provider", id: "gemini" } },
  { prefix: /^sk-(proj|svcacct|admin)-/, guess: { kind: "provider", id: "openai" } },
];

export function guess(pasted: string): Guess {
  const key = pasted.trim();
  if (key === "") return { kind: "empty" };
  if (/\s/.test(key)) return { kind: "not a key" };
  return certain.find(({ prefix }) => prefix.test(key))?.guess ?? { kind: "ambiguous" };
}
