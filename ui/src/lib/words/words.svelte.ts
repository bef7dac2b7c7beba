/**
 * The words in the language in use. Every component reads its sentences here, and is drawn anew when the language
 * changes.
 */
import { plural, sentence, type Params, type PluralKey, type Tongue, type WordKey } from "./words";

let tongue = $state<Tongue>("en");

export function currentTongue(): Tongue {
  return tongue;
}

export function speak(next: Tongue): void {
  tongue = next;
}

/** The sentence of a key. */
export function t(key: WordKey, params?: Params): string {
  return sentence(tongue, key, params);
}

/** The sentence of a key with plural forms. */
export function tn(key: PluralKey, n: number, params?: Params): string {
  return plural(tongue, key, n, params);
}
