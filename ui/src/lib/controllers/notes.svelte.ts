/**
 * The notes: their list, the search, and where the index stands. The open note is in `NoteController`.
 */
import type { Client } from "../ipc/client";
import type { AppEvent, ErrorBody, ImportView, NotesAfter, NoteShelves, NotesFound, NotesStatus, NoteSummary, SearchMode } from "../ipc/generated";
import type { Navigation, Passage } from "./navigation.svelte";
import { NoteController } from "./note.svelte";

/** How many lines of the list are asked for at once. */
const page = 200;
/** How many passages a search shows: more than anybody looks through. */
const mostHits = 40;
/** A pause in typing before the engine is asked. In milliseconds. */
const typingMs = 60;

/** Which notes are shown and searched; both `null` for all. */
export interface Shelf {
  folder: string | null;
  tag: string | null;
}

export class NotesController {
  /** Newest change first; `null` until they are known. */
  list = $state.raw<readonly NoteSummary[] | null>(null);
  total = $state(0);
  status = $state.raw<NotesStatus | null>(null);
  /** Folders, tags and what is followed; `null` until they are known. */
  shelves = $state.raw<NoteShelves | null>(null);
  shelf = $state.raw<Shelf>({ folder: null, tag: null });
  /** The import that runs, or the last one until its account is put away. */
  import = $state.raw<ImportView | null>(null);
  query = $state("");
  mode = $state<SearchMode>("hybrid");
  /** What the query found; `null` without a query. */
  found = $state.raw<NotesFound | null>(null);
  error = $state.raw<ErrorBody | null>(null);
  /** How many notes the last export wrote, and where. */
  exported = $state.raw<{ folder: string; notes: number } | null>(null);
  readonly open: NoteController;
  #client: Client;
  #navigation: Navigation;
  #asked = 0;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Client, navigation: Navigation) {
    this.#client = client;
    this.#navigation = navigation;
    this.open = new NoteController(client);
  }

  /** To be told when the page of notes is on the window, and which note it shows. */
  async show(id: string | null): Promise<void> {
    if (this.list === null) void this.refresh();
    await this.open.show(id);
  }

  async refresh(): Promise<void> {
    const limit = Math.max(page, this.list?.length ?? 0);
    const [list, status, shelves] = await Promise.all([
      this.#try(this.#client.call("notes_list", { offset: 0, limit, ...this.#within })),
      this.#try(this.#client.call("notes_status", {})),
      this.#try(this.#client.call("notes_shelves", {})),
    ]);
    if (shelves !== null) this.shelves = shelves;
    if (list !== null) [this.list, this.total] = [list.notes, list.total];
    if (status !== null) [this.status, this.import] = [status, status.import ?? this.import];
  }

  async more(): Promise<void> {
    const known = this.list ?? [];
    if (known.length >= this.total) return;
    const older = await this.#try(this.#client.call("notes_list", { offset: known.length, limit: page, ...this.#within }));
    if (older === null) return;
    // The list may have moved on meanwhile: a line is shown once.
    this.list = [...known, ...older.notes.filter(({ id }) => !known.some((line) => line.id === id))];
    this.total = older.notes.length === 0 ? this.list.length : older.total;
  }

  search(query: string, mode: SearchMode = this.mode): void {
    [this.query, this.mode] = [query, mode];
    clearTimeout(this.#typing);
    const words = query.trim();
    this.#asked += 1;
    if (words === "") {
      this.found = null;
      return;
    }
    const asked = this.#asked;
    this.#typing = setTimeout(() => {
      void this.#try(this.#client.call("notes_search", { query: words, mode, limit: mostHits, ...this.#within })).then((found) => {
        // An answer to what has been typed over is of no use.
        if (found !== null && asked === this.#asked) this.found = found;
      });
    }, typingMs);
  }

  /** Shows and searches the notes of one folder or tag only. */
  async choose(shelf: Shelf): Promise<void> {
    this.shelf = shelf;
    this.search(this.query);
    await this.refresh();
  }

  get #within(): { folder?: string; tag?: string } {
    const { folder, tag } = this.shelf;
    return { ...(folder === null ? {} : { folder }), ...(tag === null ? {} : { tag }) };
  }

  go(id: string | null, passage: Passage | null = null): void {
    this.#navigation.openNotes(id, passage);
  }

  create(): void {
    this.go(null);
    this.open.begin();
  }

  /** `put` is told the words for undoing. */
  async remove(id: string, undone: (restore: () => void) => void): Promise<void> {
    // What waits to be written must not bring it back.
    if (this.open.id === id) this.open.drop();
    if ((await this.#try(this.#client.call("note_remove", { id }))) === null) return;
    if (this.open.id === id || this.#navigation.noteId === id) this.go(null);
    undone(() => void this.#try(this.#client.call("note_restore", { id })).then((summary) => summary !== null && this.go(summary.id)));
  }

  async importFrom(pick: "files" | "folder"): Promise<void> {
    await this.#try(this.#client.call("import_notes", { pick }));
  }

  async stopImport(): Promise<void> {
    await this.#try(this.#client.call("stop_import", {}));
  }

  async follow(): Promise<void> {
    await this.#try(this.#client.call("follow_folder", {}));
  }

  async unfollow(id: string, notes: NotesAfter): Promise<void> {
    await this.#try(this.#client.call("unfollow_folder", { id, notes }));
    await this.refresh();
  }

  /** Another model makes the meanings from now on; until it is done the one before serves. */
  async reindex(provider: string, model: string): Promise<void> {
    const status = await this.#try(this.#client.call("reindex_notes", { provider, ...(model.trim() === "" ? {} : { model: model.trim() }) }));
    this.status = status ?? this.status;
  }

  async exportAll(): Promise<void> {
    const made = await this.#try(this.#client.call("export_notes", {}));
    if (made !== null && made.folder !== null) this.exported = { folder: made.folder, notes: made.notes };
  }

  async order(order: "pause" | "resume"): Promise<void> {
    this.status = (await this.#try(this.#client.call("order_index", { order }))) ?? this.status;
  }

  event(event: AppEvent): void {
    if (event.type === "index_progress") this.status = event.status;
    if (event.type === "import_progress") this.import = event.import;
    if (event.type !== "notes_changed") return;
    // A list that nobody has asked for yet is asked for when it is shown.
    if (this.list !== null) void this.refresh();
    if (this.query.trim() !== "") this.search(this.query);
    if (this.open.id !== null && (event.ids.length === 0 || event.ids.includes(this.open.id))) void this.open.changedElsewhere();
  }

  async #try<T>(work: Promise<T>): Promise<T | null> {
    try {
      const answer = await work;
      this.error = null;
      return answer;
    } catch (error) {
      this.error = error as ErrorBody;
      return null;
    }
  }
}
