/**
 * Finding a setting by words: rows and parts of the settings page say which words they are found by, and the page
 * counts what is shown.
 */
import { createContext, untrack } from "svelte";

export class Finding {
  query = $state("");
  /** How many rows and whole parts fit. */
  shown = $state(0);

  readonly words = $derived(this.query.toLowerCase().split(/\s+/).filter((word) => word !== ""));

  get on(): boolean {
    return this.words.length > 0;
  }

  fits(text: string): boolean {
    const lower = text.toLowerCase();
    return this.words.every((word) => lower.includes(word));
  }
}

/** A part of the page: found by its own words it is shown whole, else with those of its rows that fit. */
export class PartFinding {
  shown = $state(0);
  readonly whole: boolean = $derived.by(() => this.#page.fits(this.#words()));
  #page: Finding;
  #words: () => string;

  constructor(page: Finding, words: () => string) {
    [this.#page, this.#words] = [page, words];
  }

  get visible(): boolean {
    return !this.#page.on || this.whole || this.shown > 0;
  }
}

const [finding, provideFinding] = createContext<Finding>();
const [part, providePart] = createContext<PartFinding>();
export { provideFinding };

/** To be called by a part as it is made. */
export function asPart(words: () => string): PartFinding {
  const page = finding();
  const made = new PartFinding(page, words);
  $effect(() => {
    if (page.on && made.whole) return counted(page);
  });
  return providePart(made);
}

/** To be called by a row as it is made: whether it is shown. */
export function asRow(words: () => string): { readonly shown: boolean } {
  const [page, own] = [finding(), part()];
  const fits = $derived(page.fits(words()));
  $effect(() => {
    if (!page.on || !fits) return;
    const undo = [counted(page), counted(own)];
    return () => undo.forEach((back) => back());
  });
  return {
    get shown() {
      return !page.on || fits || own.whole;
    },
  };
}

/** Counts one more until the answer is called. */
function counted(count: { shown: number }): () => void {
  untrack(() => (count.shown += 1));
  return () => untrack(() => (count.shown -= 1));
}
