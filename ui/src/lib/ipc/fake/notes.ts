/**
 * Made-up notes and an engine for them in memory, for the preview and tests: words are found, meanings are not known.
 */
import type { AppEvent, Commands, ErrorBody, ErrorCode, FollowedFolder, Found, NoteHit, NotesStatus, NoteSummary, NoteView } from "../generated";

export interface FakeNote {
  id: string;
  text: string;
  folder?: string;
  tags?: string[];
  path?: string;
  updated_ms: number;
}

const minute = 60_000;

export function notes(now: number): FakeNote[] {
  return [
    { id: "balcony", folder: "Flat", tags: ["measured"], updated_ms: now - 12_000, text: "# Balcony\n\nMeasured with Ada on a dry Sunday, tape and compass app. Everything is from the inner edge of the slab.\n\n## Measurements\n\n### Railing\n\nRailing 3.4 m, tilted 70°, looks south-west (232°). The lime tree takes the sun after four from late September.\n\nHandrail 1.05 m above the floor, steel tube 42 mm. It carries a flower box of 20 kg without a sound.\n\n## To ask\n\n- Does the socket have its own fuse?\n- Who cuts the lime tree, and when?\n" },
    { id: "diary", updated_ms: now - 50 * minute, text: "# Garden diary 2025\n\n## October\n\nBeans are done. Sun reaches only the upper two pots now; move the rosemary up.\n" },
    { id: "photographs", updated_ms: now - 26 * 60 * minute, path: "/home/ada/Notes/photographs.md", text: "# Photographs\n\n## Light\n\nBest autumn light on the bookshelf between two and half past three.\n" },
    { id: "landlord", folder: "Flat/Letters", updated_ms: now - 9 * 24 * 60 * minute, text: "# Landlord\n\nPermission for panels on the railing, no higher than the handrail, black frames.\n" },
  ];
}

type Names = "notes_list" | "note_open" | "note_save" | "note_remove" | "note_restore" | "note_from_message" | "notes_shelves" | "notes_search" | "notes_like" | "import_notes" | "stop_import" | "follow_folder" | "unfollow_folder" | "export_notes" | "notes_status" | "reindex_notes" | "order_index";
type NoteHandlers = { [C in Names]: (request: Commands[C]["request"]) => Commands[C]["response"] };

interface Around {
  emit: (event: AppEvent) => void;
  error: (code: ErrorCode) => ErrorBody;
  wordsOf: (message: string) => string;
}

export class FakeNotes {
  kept: Map<string, FakeNote & { version: number }>;
  /** How the index stands; how many notes there are is counted. */
  status: Omit<NotesStatus, "notes"> = { total: 210, searchable: 204, ready: 204, provider: "ollama", model: "embeddinggemma", state: { is: "working" }, faults: [], import: null };
  followed: FollowedFolder[] = [{ id: "vault", path: "/home/ada/Notes", notes: 1, fault: null }];
  readonly handlers: NoteHandlers;
  #removed = new Map<string, FakeNote & { version: number }>();
  #around: Around;

  constructor(kept: readonly FakeNote[], around: Around) {
    this.kept = new Map(kept.map((note) => [note.id, { ...note, version: 1 }]));
    this.#around = around;
    this.handlers = this.#made();
  }

  #made(): NoteHandlers {
    const changed = (id: string) => this.#around.emit({ type: "notes_changed", ids: [id] });
    return {
      notes_list: ({ offset, limit, folder, tag }) => {
        const fit = this.#newest().filter((note) => (folder === undefined || `${note.folder}/`.startsWith(`${folder}/`)) && (tag === undefined || note.tags.includes(tag)));
        return { notes: fit.slice(offset, offset + limit), total: fit.length };
      },
      note_open: ({ id }) => this.#view(id),
      note_save: ({ id, version, text }) => {
        const before = id === undefined ? undefined : this.kept.get(id);
        if (id !== undefined && before === undefined) throw this.#around.error("gone");
        if (before !== undefined && version !== undefined && version !== before.version) throw this.#around.error("note_changed");
        const note = { id: crypto.randomUUID(), ...before, text, updated_ms: Date.now(), version: (before?.version ?? 0) + 1 };
        this.kept.set(note.id, note);
        changed(note.id);
        return this.#line(note.id);
      },
      note_remove: ({ id }) => {
        const note = this.kept.get(id);
        if (note !== undefined) this.#removed.set(id, note);
        this.kept.delete(id);
        changed(id);
        return {};
      },
      note_restore: ({ id }) => {
        const note = this.#removed.get(id);
        if (note === undefined) throw this.#around.error("gone");
        this.kept.set(id, note);
        changed(id);
        return this.#line(id);
      },
      note_from_message: ({ message_id }) => this.handlers.note_save({ text: this.#around.wordsOf(message_id) }),
      notes_shelves: () => ({ folders: [{ path: "Flat", notes: 2 }], tags: [{ tag: "measured", notes: 1 }], followed: this.followed }),
      notes_search: ({ query, limit }) => ({ hits: this.#search(query).slice(0, limit), searchable: this.status.searchable, total: this.status.total, ms: 4.2, no_meaning: null }),
      notes_like: ({ id, limit }) => ({ hits: [...this.kept.keys()].filter((other) => other !== id).slice(0, Math.min(limit, 2)).map((other) => this.#hit(other, 0, 10, [], "meaning")), searchable: 0, total: 0, ms: 1, no_meaning: null }),
      import_notes: () => "chosen",
      stop_import: () => ({}),
      follow_folder: () => "chosen",
      unfollow_folder: ({ id }) => {
        this.followed = this.followed.filter((folder) => folder.id !== id);
        return {};
      },
      export_notes: () => ({ folder: "/home/ada/Parlance notes", notes: this.kept.size }),
      notes_status: () => this.#status(),
      reindex_notes: ({ provider = this.status.provider, model = "" }) => {
        this.status = { ...this.status, provider, model, ready: 0, state: { is: "working" } };
        return this.#status();
      },
      order_index: ({ order }) => {
        this.status = { ...this.status, state: { is: order === "pause" ? "paused" : "working" } };
        return this.#status();
      },
    };
  }

  #status(): NotesStatus {
    const nothing = { total: 0, searchable: 0, ready: 0, state: { is: "ready" as const } };
    return { ...this.status, ...(this.kept.size === 0 ? nothing : {}), notes: this.kept.size };
  }

  #newest(): NoteSummary[] {
    return [...this.kept.keys()].map((id) => this.#line(id)).sort((a, b) => b.updated_ms - a.updated_ms);
  }

  #line(id: string): NoteSummary {
    const note = this.kept.get(id);
    if (note === undefined) throw this.#around.error("gone");
    const title = /^#\s+(.*)/m.exec(note.text)?.[1] ?? note.text.split("\n")[0] ?? "";
    return { id, title, folder: note.folder ?? "", tags: note.tags ?? [], path: note.path ?? null, followed: note.path !== undefined, by_model: false, updated_ms: note.updated_ms, version: note.version };
  }

  #view(id: string): NoteView {
    const summary = this.#line(id);
    return { summary, text: this.kept.get(id)?.text ?? "", created_ms: summary.updated_ms, fault: null };
  }

  #search(query: string): NoteHit[] {
    const words = query.toLowerCase().split(/\s+/).filter((word) => word.length > 2);
    return this.#newest().flatMap(({ id }) => {
      const text = this.kept.get(id)?.text ?? "";
      // Passages are paragraphs here.
      return [...text.matchAll(/[^\n]+/g)].flatMap((match) => {
        if (match[0].startsWith("#")) return [];
        const marks = words.flatMap((word) => [...match[0].toLowerCase().matchAll(new RegExp(word.replace(/\W/g, ""), "g"))].map(({ index }) => ({ start: index, end: index + word.length })));
        return marks.length === 0 ? [] : [this.#hit(id, match.index, match.index + match[0].length, marks.sort((a, b) => a.start - b.start), "words")];
      });
    });
  }

  #hit(id: string, from: number, to: number, marks: NoteHit["marks"], found: Found): NoteHit {
    const text = this.kept.get(id)?.text ?? "";
    const bytes = (end: number) => new TextEncoder().encode(text.slice(0, end)).length;
    const heading = [...text.slice(0, from).matchAll(/^##+\s+(.*)$/gm)].slice(-2).map((match) => match[1] ?? "");
    const { title, path, folder } = this.#line(id);
    return { note_id: id, title, path, folder, heading, start: bytes(from), end: bytes(to), text: text.slice(from, to), marks, score: 1, found };
  }
}
