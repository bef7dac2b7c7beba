/**
 * Where the person is in the window: page, drawer and the one open dialog. Knows nothing of the engine.
 */

export type Section = "providers" | "leaves" | "sound" | "voice" | "talk" | "notes" | "reading" | "data" | "about";

/** A stretch of a note's text, in UTF-8 bytes. */
export interface Passage {
  start: number;
  end: number;
}

export type Page =
  /** `id` is `null` for a conversation that has not begun; `message` is to be scrolled to. */
  | { kind: "conversation"; id: string | null; message: string | null }
  /** `id` is `null` when none is open, or one begins. */
  | { kind: "notes"; id: string | null; passage: Passage | null }
  | { kind: "settings"; section: Section | null; provider: string | null };

/** What a model is chosen for: this conversation, new ones, one more answer to the last message, or talking. */
export type ModelPurpose = "here" | "new" | "again" | "talk";

export type Dialog =
  | { kind: "search" }
  | { kind: "shortcuts" }
  | { kind: "models"; purpose: ModelPurpose }
  | { kind: "link"; href: string; words: string };

export class Navigation {
  page = $state.raw<Page>({ kind: "conversation", id: null, message: null });
  dialog = $state.raw<Dialog | null>(null);
  /** The sidebar over the page, on narrow windows only. */
  drawer = $state(false);
  /** Whether the title of the conversation on the page is being written. */
  renaming = $state<"yes" | "no">("no");
  /** Told whenever another conversation is on the page. */
  onConversation: (id: string | null) => void = () => {};
  /** Told whenever another note is on the page. */
  onNote: (id: string | null) => void = () => {};
  /** What had the focus before the dialog. */
  #returnTo: Element | null = null;

  /** The conversation on the page; `null` in the settings too. */
  get conversationId(): string | null {
    return this.page.kind === "conversation" ? this.page.id : null;
  }

  /** The note on the page. */
  get noteId(): string | null {
    return this.page.kind === "notes" ? this.page.id : null;
  }

  openNotes(id: string | null = null, passage: Passage | null = null): void {
    this.page = { kind: "notes", id, passage };
    this.drawer = false;
    this.onNote(id);
  }

  openConversation(id: string | null, message: string | null = null): void {
    const before = this.page;
    this.page = { kind: "conversation", id, message };
    this.renaming = "no";
    this.drawer = false;
    if (before.kind !== "conversation" || before.id !== id) this.onConversation(id);
  }

  openSettings(section: Section | null = null, provider: string | null = null): void {
    this.page = { kind: "settings", section, provider };
    this.drawer = false;
    this.dialog = null;
  }

  show(dialog: Dialog): void {
    if (this.dialog === null) this.#returnTo = document.activeElement;
    this.dialog = dialog;
    this.drawer = false;
  }

  /** Closes the dialog and gives the focus back. */
  closeDialog(): void {
    this.dialog = null;
    const target = this.#returnTo;
    this.#returnTo = null;
    if (target instanceof HTMLElement && target.isConnected) target.focus();
  }
}
