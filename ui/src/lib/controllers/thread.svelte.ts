/**
 * The open conversation: loads it, keeps it true by events, and knows which answer runs.
 */
import type { Client } from "../ipc/client";
import type { AppEvent, ErrorBody, MessageView, ModelChoice, Renewal } from "../ipc/generated";
import { noCaptions, reduceCaptions, type Captions } from "../state/captions";
import { reduceMessages, running, type Messages } from "../state/thread";

/** The session was made anew after a message; `null` before the first one. */
export interface Mark {
  after: string | null;
  why: Renewal;
}

export type Phase = "new" | "loading" | "ready" | "failed";

export class ThreadController {
  messages = $state.raw<Messages>([]);
  phase = $state<Phase>("new");
  error = $state.raw<ErrorBody | null>(null);
  id = $state<string | null>(null);
  /** Which model answers in it; `null` until one was asked or chosen. */
  model = $state.raw<ModelChoice | null>(null);
  /** What is being said right now. */
  captions = $state.raw<Captions>(noCaptions);
  /** Where in the thread a session was made anew, for as long as it is on the page. */
  marks = $state.raw<readonly Mark[]>([]);
  #client: Client;
  /** Events that came while the conversation was being fetched. */
  #held: { event: AppEvent; seq: number }[] = [];
  /** Events before this one are in the messages already. */
  #from = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  get running(): MessageView | undefined {
    return running(this.messages);
  }

  get last(): MessageView | undefined {
    return this.messages.at(-1);
  }

  async open(id: string | null): Promise<void> {
    const again = id !== null && id === this.id;
    this.id = id;
    this.error = null;
    this.#held = [];
    if (!again) [this.messages, this.model, this.marks, this.captions] = [[], null, [], noCaptions];
    if (id === null) {
      this.phase = "new";
      return;
    }
    this.phase = again && this.phase === "ready" ? "ready" : "loading";
    this.#from = Number.POSITIVE_INFINITY;
    try {
      const view = await this.#client.call("open_conversation", { id });
      if (this.id !== id) return;
      this.#from = view.next_event;
      this.model = view.summary.model;
      this.messages = this.#held
        .filter(({ seq }) => seq >= view.next_event)
        .reduce((messages: Messages, { event }) => reduceMessages(messages, id, event), view.messages);
      this.#held = [];
      this.phase = "ready";
    } catch (error) {
      if (this.id !== id) return;
      this.error = error as ErrorBody;
      this.phase = "failed";
    }
  }

  /** After events were lost. */
  async reopen(): Promise<void> {
    if (this.id !== null) await this.open(this.id);
  }

  event(event: AppEvent, seq: number): void {
    this.captions = reduceCaptions(this.captions, event);
    if (event.type === "voice_renewed" && event.conversation_id === this.id) this.marks = [...this.marks, { after: this.last?.id ?? null, why: event.why }];
    if (event.type === "conversation" && event.summary.id === this.id) this.model = event.summary.model;
    if (this.id === null || (event.type !== "message" && event.type !== "delta" && event.type !== "waiting")) return;
    if (this.#from === Number.POSITIVE_INFINITY) this.#held.push({ event, seq });
    else if (seq >= this.#from) this.messages = reduceMessages(this.messages, this.id, event);
  }
}
