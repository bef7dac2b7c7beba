/**
 * A plain text that grows at its end, in stretches of whole lines to draw one below the other: only the last one changes.
 */

/** A stretch is closed at the first line end beyond so many UTF-16 units. */
const usual = 1_500;
/** Without a line end in sight it is closed at a space beyond so many: nobody writes such lines to be read. */
const longest = 12_000;
/** So many units are compared: all of a long text at each word would cost the square of its length. */
const marked = 64;

export class Stretches {
  #closed: string[] = [];
  #from = 0;
  /** The beginning of the text, and the end of what was closed: by them another text is told from the same one grown. */
  #seen = { first: "", last: "" };

  /** The stretches of `text`; the line end between two of them is left out. */
  update(text: string): readonly string[] {
    const { first, last } = this.#seen;
    if (!text.startsWith(first) || !text.startsWith(last, this.#from - last.length)) [this.#closed, this.#from] = [[], 0];
    for (let at = this.#end(text); at >= 0; at = this.#end(text)) {
      this.#closed.push(text.slice(this.#from, at));
      this.#from = at + 1;
    }
    this.#seen = { first: text.slice(0, Math.min(this.#from, marked)), last: text.slice(Math.max(0, this.#from - marked), this.#from) };
    return [...this.#closed, text.slice(this.#from)];
  }

  /** Where the open stretch can be closed, -1 while it cannot. */
  #end(text: string): number {
    const line = text.indexOf("\n", this.#from + usual);
    if (line >= 0 && line - this.#from <= longest) return line;
    if (text.length - this.#from <= longest) return -1;
    const space = text.indexOf(" ", this.#from + longest);
    return line >= 0 && (space < 0 || line < space) ? line : space;
  }
}
