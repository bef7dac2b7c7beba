/**
 * A Markdown text that grows at its end, as pieces to draw. What is settled is read once and keeps its identity.
 */
import { advance, nothing, type Split } from "./markdown-split";
import { parse, type Block, type Definitions } from "./markdown-tree";

export interface Piece {
  /** Its number, for keyed drawing. */
  key: number;
  blocks: readonly Block[];
}

export class GrowingDocument {
  #text = "";
  #split: Split = nothing;
  #settled: Piece[] = [];
  #definitions: Definitions = {};
  #pieces: readonly Piece[] = [];

  /** The pieces of `text`. Cheap when `text` is what it was before with more at its end. */
  update(text: string): readonly Piece[] {
    if (text === this.#text && this.#pieces.length > 0) return this.#pieces;
    if (!text.startsWith(this.#text)) this.#forget();
    this.#text = text;
    this.#split = advance(this.#split, text);

    const known = Object.keys(this.#definitions).length;
    for (const source of this.#split.settled.slice(this.#settled.length)) {
      this.#settled.push({ key: this.#settled.length, blocks: parse(source, this.#definitions) });
    }
    // The open piece may hold half a definition: what it finds is used for itself only.
    const open = text.slice(this.#split.from);
    const last = { key: this.#settled.length, blocks: parse(open, { ...this.#definitions }) };
    if (Object.keys(this.#definitions).length > known) this.#readAgain();

    this.#pieces = open.trim() === "" ? [...this.#settled] : [...this.#settled, last];
    return this.#pieces;
  }

  /** A definition was found: links before it may point to it. */
  #readAgain(): void {
    this.#settled = this.#split.settled.map((source, key) =>
      source.includes("]") ? { key, blocks: parse(source, this.#definitions) } : (this.#settled[key] ?? { key, blocks: [] }),
    );
  }

  #forget(): void {
    this.#split = nothing;
    this.#settled = [];
    this.#definitions = {};
  }
}
