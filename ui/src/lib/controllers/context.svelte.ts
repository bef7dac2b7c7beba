/**
 * How long the conversation is for its model: counted by the engine when writing pauses, never on each key press.
 */
import type { Client } from "../ipc/client";
import type { ContextView } from "../ipc/generated";

/** Writing has paused when no key was pressed for so long. */
const pauseMs = 500;

export class ContextController {
  view = $state.raw<ContextView | null>(null);
  #client: Client;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Only the newest question counts. */
  #asked = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  /** To be told whenever the conversation, the model or the draft may have changed. */
  changed(conversation_id: string | null, draft: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#count(conversation_id, draft), pauseMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #count(conversation_id: string | null, draft: string): Promise<void> {
    this.#asked += 1;
    const mine = this.#asked;
    // Without a model there is nothing to measure by; that is said elsewhere.
    const view = await this.#client.call("context", { conversation_id, draft }).catch(() => null);
    if (mine === this.#asked) this.view = view;
  }
}

/** Up to this share of the limit the meter is quiet. */
export const quietShare = 0.7;
/** From here on it says so in words. */
export const edgeShare = 0.9;
