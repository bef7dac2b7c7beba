/**
 * What a hand chose while reading. It outlasts the drawing of a turn: a choice is forgotten with the window, not before.
 */
import { SvelteMap } from "svelte/reactivity";

export class Reading {
  /** Reasoning opened or closed by hand, by message and block. */
  readonly #thoughts = new SvelteMap<string, "open" | "closed">();

  thought(message: string, block: number): "open" | "closed" | null {
    return this.#thoughts.get(`${message} ${block}`) ?? null;
  }

  chooseThought(message: string, block: number, choice: "open" | "closed"): void {
    this.#thoughts.set(`${message} ${block}`, choice);
  }
}
