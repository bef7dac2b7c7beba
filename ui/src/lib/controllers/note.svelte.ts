/**
 * The open note: what it says, what is being written in it, and keeping that. What was typed is lost by no error, and
 * nothing that was changed elsewhere is written over unasked.
 */
import type { Client } from "../ipc/client";
import type { ErrorBody, NoteHit, NoteView } from "../ipc/generated";

/** A pause in typing before the note is kept. In milliseconds. */
const pauseMs = 600;
const mostLike = 5;

export type Keeping =
  /** As it is on the disk. */
  | "kept"
  /** Something is to be written. */
  | "changed"
  | "writing"
  /** It could not be written; `error` says why. */
  | "failed"
  /** It was changed elsewhere meanwhile: `theirs` is what is there. */
  | "conflict";

/** What is written in one note, until the disk has it; it goes on being kept when another note is shown. */
interface Draft {
  /** `null` until it is kept for the first time. */
  id: string | null;
  version: number | undefined;
  text: string;
  /** What the disk has. */
  kept: string;
  /** One write at a time: a second one could overtake the first. */
  writing: boolean;
}

export class NoteController {
  /** `null` for one that is not kept yet, and when none is open. */
  id = $state<string | null>(null);
  /** Whether there is something to show: an opened note, or one that begins. */
  phase = $state<"none" | "loading" | "ready" | "gone">("none");
  view = $state.raw<NoteView | null>(null);
  text = $state("");
  keeping = $state<Keeping>("kept");
  /** When it was last written from here, in milliseconds since 1970. */
  keptMs = $state<number | null>(null);
  theirs = $state.raw<NoteView | null>(null);
  error = $state.raw<ErrorBody | null>(null);
  /** Passages of other notes that are like it. */
  like = $state.raw<readonly NoteHit[]>([]);
  #client: Client;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #draft: Draft = emptyDraft();

  constructor(client: Client) {
    this.#client = client;
  }

  /** Whether a hand may change it. */
  get writable(): boolean {
    return this.phase === "ready" && this.view?.summary.followed !== true;
  }

  /** Shows a note; what was written in the one before is kept first. */
  async show(id: string | null): Promise<void> {
    if (id !== null && id === this.id) return;
    this.#leave();
    if (id === null) return;
    this.id = id;
    this.phase = "loading";
    const draft = this.#draft;
    try {
      const view = await this.#client.call("note_open", { id });
      if (draft === this.#draft) this.#take(view);
    } catch (error) {
      if (draft === this.#draft) [this.error, this.phase] = [error as ErrorBody, "gone"];
    }
  }

  /** Begins a note that is kept with its first word. */
  begin(): void {
    this.#leave();
    this.phase = "ready";
  }

  /** Forgets what waits to be written: the note is being taken away. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#draft.text = this.#draft.kept;
    this.keeping = "kept";
  }

  write(text: string): void {
    this.text = text;
    this.#draft.text = text;
    if (this.keeping === "conflict") return;
    this.keeping = "changed";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.keep(), pauseMs);
  }

  /** Writes what waits, at once. */
  async keep(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.keeping !== "conflict") await this.#keep(this.#draft);
  }

  /** After a conflict: mine in the place of theirs, theirs in the place of mine, or mine as a note of its own. */
  async settle(choice: "mine" | "theirs" | "both"): Promise<void> {
    const theirs = this.theirs;
    if (theirs === null) return;
    const mine = this.#draft;
    if (choice === "mine") {
      [this.theirs, this.keeping] = [null, "changed"];
      mine.version = theirs.summary.version;
      return this.#keep(mine);
    }
    if (choice === "both") {
      const copy: Draft = { ...emptyDraft(), text: mine.text };
      await this.#keep(copy);
      // Without its copy, what was written must stay in sight.
      if (copy.kept !== copy.text) return;
    }
    if (mine === this.#draft) this.#take(theirs);
  }

  /** The note was changed or taken away by someone: what is written here stays, what is not is read anew. */
  async changedElsewhere(): Promise<void> {
    const draft = this.#draft;
    if (draft.id === null || draft.writing || draft.text !== draft.kept) return;
    try {
      const view = await this.#client.call("note_open", { id: draft.id });
      if (draft !== this.#draft || draft.writing || draft.text !== draft.kept) return;
      if (view.summary.version !== draft.version) this.#take(view);
      else this.view = view;
    } catch (error) {
      if (draft === this.#draft && (error as ErrorBody).code === "gone") [this.error, this.phase] = [error as ErrorBody, "gone"];
    }
  }

  /** Writes until the disk has what is written. */
  async #keep(draft: Draft): Promise<void> {
    if (draft.writing) return;
    draft.writing = true;
    try {
      while (draft.text !== draft.kept && !(draft.id === null && draft.text.trim() === "")) {
        const { text } = draft;
        if (draft === this.#draft) this.keeping = "writing";
        const summary = await this.#client.call("note_save", { text, ...(draft.id === null ? {} : { id: draft.id }), ...(draft.version === undefined ? {} : { version: draft.version }) });
        [draft.id, draft.version, draft.kept] = [summary.id, summary.version, text];
        if (draft !== this.#draft) continue;
        this.id = summary.id;
        this.view = { created_ms: summary.updated_ms, fault: null, ...this.view, summary, text };
        [this.error, this.keptMs] = [null, Date.now()];
      }
      if (draft === this.#draft) this.keeping = draft.text === draft.kept ? "kept" : "changed";
    } catch (error) {
      await this.#failed(draft, error as ErrorBody);
    } finally {
      draft.writing = false;
    }
  }

  /** What could not be written stays in sight; where someone else wrote, both do. */
  async #failed(draft: Draft, error: ErrorBody): Promise<void> {
    const shown = () => draft === this.#draft || this.phase === "none";
    if (error.code === "note_changed" && draft.id !== null) {
      try {
        const theirs = await this.#client.call("note_open", { id: draft.id });
        if (shown()) {
          this.#bring(draft);
          [this.view, this.theirs, this.keeping, this.error] = [theirs, theirs, "conflict", null];
        } else {
          // Another note is on the page: it must not be lost, so it becomes a note of its own.
          await this.#keep({ ...emptyDraft(), text: draft.text });
        }
        return;
      } catch {
        // Told below, with what the first try said.
      }
    }
    if (!shown()) return;
    this.#bring(draft);
    [this.error, this.keeping] = [error, "failed"];
  }

  /** Puts a draft back on the page. */
  #bring(draft: Draft): void {
    if (draft === this.#draft) return;
    this.#draft = draft;
    [this.id, this.text, this.phase] = [draft.id, draft.text, "ready"];
  }

  #take(view: NoteView): void {
    const draft: Draft = { id: view.summary.id, version: view.summary.version, text: view.text, kept: view.text, writing: false };
    this.#draft = draft;
    [this.id, this.view, this.text, this.keeping, this.error, this.theirs, this.phase] = [view.summary.id, view, view.text, "kept", null, null, "ready"];
    // Related notes are an offer: without them the note is whole.
    this.#client.call("notes_like", { id: view.summary.id, limit: mostLike }).then(
      ({ hits }) => draft === this.#draft && (this.like = hits),
      () => undefined,
    );
  }

  /** Leaves the note on the page; what waits in it is written. */
  #leave(): void {
    const left = this.#draft;
    const conflict = this.keeping === "conflict";
    clearTimeout(this.#timer);
    this.#draft = emptyDraft();
    [this.id, this.phase, this.view, this.text, this.keeping] = [null, "none", null, "", "kept"];
    [this.keptMs, this.theirs, this.error, this.like] = [null, null, null, []];
    // A conflict that nobody settled is settled so that nothing is lost.
    void this.#keep(conflict ? { ...emptyDraft(), text: left.text } : left);
  }
}

function emptyDraft(): Draft {
  return { id: null, version: undefined, text: "", kept: "", writing: false };
}
