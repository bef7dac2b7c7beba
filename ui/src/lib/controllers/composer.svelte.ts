/**
 * What is being written: one draft a conversation, the message that waits for the running answer, and sending.
 * Nothing that was written is lost by an error: a draft goes only when the engine has the message.
 */
import type { Client } from "../ipc/client";
import type { ErrorBody, FilesTaken, FileView, ModelChoice } from "../ipc/generated";
import { utf8Length } from "../text/format";
import { mentioned } from "../text/mentions";
import type { Navigation } from "./navigation.svelte";
import type { ThreadController } from "./thread.svelte";

/** The engine's limit of a message, in bytes of UTF-8. */
export const largestMessage = 10 * 1024 * 1024;
/** From here on a model may charge much or refuse, and that is said before sending. */
export const longMessage = 200 * 1024;
/** Pasted text above this stays out of the text field, which would freeze on it. In UTF-16 units. */
const largePaste = 64 * 1024;

/** The engine's limit of a file, in bytes. */
const largestFile = 10 * 1024 * 1024;

function badFile(details: string | null): ErrorBody {
  return { code: "bad_file", provider: null, host: null, model: null, status: null, seconds: null, details, why: null, near: [], retry_at_ms: null };
}

/** A file in base64, as the engine takes it. */
function base64Of(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(badFile(reader.error?.message ?? null));
    reader.readAsDataURL(file);
  });
}

interface Draft {
  text: string;
  /** Large pasted texts, which are sent after the typed one. */
  pasted: readonly string[];
  /** Chosen files, which the engine holds until they are sent. */
  files: readonly FileView[];
}

const empty: Draft = { text: "", pasted: [], files: [] };

export class ComposerController {
  sending = $state(false);
  error = $state.raw<ErrorBody | null>(null);
  /** Sent by itself when the running answer ends. */
  queued = $state.raw<{ conversation: string; text: string; to: ModelChoice[]; files: readonly FileView[] } | null>(null);
  /** Who answers the next message only; `null` for the conversation's model. */
  once = $state.raw<ModelChoice | null>(null);
  /** By conversation; the one that has not begun is under the empty string. */
  #drafts = $state.raw<Readonly<Record<string, Draft>>>({});
  #client: Client;
  #navigation: Navigation;
  #thread: ThreadController;

  #addressable: () => ReadonlyMap<string, ModelChoice>;

  constructor(client: Client, navigation: Navigation, thread: ThreadController, addressable: () => ReadonlyMap<string, ModelChoice>) {
    this.#addressable = addressable;
    this.#client = client;
    this.#navigation = navigation;
    this.#thread = thread;
  }

  get draft(): Draft {
    return this.#drafts[this.#navigation.conversationId ?? ""] ?? empty;
  }

  /** The whole message as it would be sent. */
  get message(): string {
    const { text, pasted } = this.draft;
    return [text, ...pasted].filter((part) => part !== "").join("\n\n");
  }

  /** Who is addressed by name, in the order of the names; of pasted texts none is meant. */
  readonly addressed = $derived.by(() => mentioned(this.draft.text, this.#addressable()));

  /** Who answers the message that is being written; empty for the conversation's model. */
  get to(): ModelChoice[] {
    return this.addressed.length > 0 || this.once === null ? this.addressed : [this.once];
  }

  /** Bytes of the message. */
  readonly bytes = $derived.by(() => utf8Length(this.message));

  get sendable(): boolean {
    return !this.sending && this.bytes <= largestMessage && (this.message.trim() !== "" || this.draft.files.length > 0);
  }

  write(text: string): void {
    this.#keep(this.#navigation.conversationId, { ...this.draft, text });
    this.error = null;
  }

  /** Takes a pasted text that is too large for a text field. `false`: the field may have it. */
  paste(text: string): boolean {
    if (text.length <= largePaste) return false;
    this.#keep(this.#navigation.conversationId, { ...this.draft, pasted: [...this.draft.pasted, text] });
    return true;
  }

  removePasted(index: number): void {
    this.#keep(this.#navigation.conversationId, { ...this.draft, pasted: this.draft.pasted.filter((_, at) => at !== index) });
  }

  /** Takes files in. One that cannot be read is told; the others are kept. */
  async attach(files: readonly File[]): Promise<void> {
    const conversation = this.#navigation.conversationId;
    this.error = null;
    for (const file of files) {
      if (file.size > largestFile) {
        this.error = badFile(file.name);
        continue;
      }
      try {
        const view = await this.#client.call("choose_file", { name: file.name, data: await base64Of(file) });
        this.#put(conversation, { files: [view], error: this.error });
      } catch (error) {
        this.error = error as ErrorBody;
      }
    }
  }

  /** Takes in what lies on the clipboard, where the page is not given it. */
  async pasteFiles(): Promise<void> {
    const conversation = this.#navigation.conversationId;
    const taken = await this.#try(() => this.#client.call("paste_files", {}));
    if (taken !== null) this.#put(conversation, taken);
  }

  /** Files that the engine took in for the message that is being written here. */
  take(taken: FilesTaken): void {
    this.#put(this.#navigation.conversationId, taken);
  }

  async detach(id: string): Promise<void> {
    this.#keep(this.#navigation.conversationId, { ...this.draft, files: this.draft.files.filter((file) => file.id !== id) });
    await this.#try(() => this.#client.call("forget_file", { id }));
  }

  async send(): Promise<void> {
    if (!this.sendable) return;
    const conversation = this.#navigation.conversationId;
    if (conversation !== null && this.#thread.running !== undefined) {
      if (this.queued !== null) return;
      this.queued = { conversation, text: this.message, to: this.to, files: this.draft.files };
      this.once = null;
      this.#keep(conversation, empty);
      return;
    }
    const draft = this.draft;
    if (await this.#submit(conversation, this.message, this.to, draft.files)) {
      this.once = null;
      if (this.#drafts[conversation ?? ""] === draft) this.#keep(conversation, empty);
    }
  }

  /** To be told when an answer ended. */
  async answerEnded(conversation: string, ending: "whole" | "broken"): Promise<void> {
    const queued = this.queued;
    if (queued === null || queued.conversation !== conversation) return;
    this.queued = null;
    if (ending === "whole" && (await this.#submit(conversation, queued.text, queued.to, queued.files))) return;
    this.unqueue(queued);
  }

  /** Puts the waiting message back into the text field. */
  unqueue(queued = this.queued): void {
    if (queued === null) return;
    this.queued = null;
    const draft = this.#drafts[queued.conversation] ?? empty;
    const text = [queued.text, draft.text].filter((part) => part !== "").join("\n\n");
    const files = [...queued.files, ...draft.files];
    const large = text.length > largePaste;
    this.#keep(queued.conversation, large ? { ...draft, files, pasted: [queued.text, ...draft.pasted] } : { ...draft, files, text });
  }

  async stop(): Promise<void> {
    const id = this.#thread.id;
    if (id === null) return;
    await this.#try(() => this.#client.call("stop_answer", { id }));
  }

  /** Answers the last message once more: the conversation's model does, or another. */
  async answerAgain(to?: ModelChoice): Promise<void> {
    const id = this.#thread.id;
    if (id === null || this.#thread.running !== undefined) return;
    await this.#try(() => this.#client.call("answer_again", to === undefined ? { id } : { id, to }));
  }

  async #submit(conversation: string | null, text: string, to: ModelChoice[], files: readonly FileView[]): Promise<boolean> {
    this.sending = true;
    const sent = await this.#try(() => this.#client.call("send_message", { conversation_id: conversation, text, ...(files.length > 0 && { files: files.map(({ id }) => id) }), ...(to.length > 0 && { to }) }));
    this.sending = false;
    if (sent === null) return false;
    if (this.#navigation.conversationId === conversation && conversation !== sent.conversation_id) {
      this.#navigation.openConversation(sent.conversation_id);
    }
    return true;
  }

  async #try<T>(work: () => Promise<T>): Promise<T | null> {
    this.error = null;
    try {
      return await work();
    } catch (error) {
      this.error = error as ErrorBody;
      return null;
    }
  }

  #put(conversation: string | null, { files, error }: FilesTaken): void {
    const draft = this.#drafts[conversation ?? ""] ?? empty;
    if (files.length > 0) this.#keep(conversation, { ...draft, files: [...draft.files, ...files] });
    this.error = error;
  }

  #keep(conversation: string | null, draft: Draft): void {
    const { [conversation ?? ""]: _, ...others } = this.#drafts;
    const drafts = draft.text === "" && draft.pasted.length === 0 && draft.files.length === 0 ? others : { ...others, [conversation ?? ""]: draft };
    this.#drafts = drafts;
  }
}
