/**
 * The talk key under the fingers: pointers and the Space bar become "down" and "up". The engine decides what a press
 * means (hold or tap) and which state there is; nothing here does.
 */
import type { Client } from "../ipc/client";
import type { ErrorBody, TalkMode, VoiceView } from "../ipc/generated";

/** What holds the key down: a pointer, the bar, or the lock it was slid into. */
type Holder = `pointer ${number}` | "space" | "lock";

/** States in which Esc throws the utterance away or stops the answer. */
const cancellable: ReadonlySet<VoiceView["state"]> = new Set([
  "connecting",
  "listening",
  "hearing",
  "thinking",
  "speaking",
  "interrupted",
  "reconnecting",
]);

export class TalkController {
  /** The key is held right now: drawn at once, before the engine knows. */
  held = $state(false);
  /** A pointer has slid onto the lock. */
  overLock = $state(false);
  /** The lock keeps the key down. */
  locked = $state(false);
  /** Whether what is said is shown as it comes. */
  captions = $state<"on" | "off">("on");
  error = $state.raw<ErrorBody | null>(null);
  #holders: readonly Holder[] = [];
  #client: Client;
  #voice: () => VoiceView | null;

  constructor(client: Client, voice: () => VoiceView | null) {
    this.#client = client;
    this.#voice = voice;
  }

  press(holder: Holder): void {
    if (this.#holders.includes(holder)) return;
    if (this.#holders.includes("lock")) {
      // The press that ends a locked hold is no hold of its own.
      this.#settle([]);
      return;
    }
    const first = this.#holders.length === 0;
    this.#settle([...this.#holders, holder]);
    if (!first) return;
    const voice = this.#voice();
    if (voice?.state === "failed" && voice.kept !== null) {
      this.#settle([], "cancelled");
      void this.sendKept();
      return;
    }
    void this.#tell(() => this.#client.call("talk_key", holder === "space" ? { down: true, by: "space" } : { down: true }));
  }

  release(holder: Holder): void {
    if (!this.#holders.includes(holder)) return;
    const left = this.#holders.filter((other) => other !== holder);
    const locks = this.overLock && left.length === 0;
    this.overLock = false;
    this.#settle(locks ? ["lock"] : left);
  }

  /**
   * A pointer holds the key until it goes up, wherever that is: the key may leave the page meanwhile, when the first
   * words open a conversation.
   */
  holdPointer(id: number): void {
    const up = (event: PointerEvent) => {
      if (event.pointerId !== id) return;
      window.removeEventListener("pointerup", up);
      window.removeEventListener("pointercancel", up);
      this.release(`pointer ${id}`);
    };
    window.addEventListener("pointerup", up);
    window.addEventListener("pointercancel", up);
    this.press(`pointer ${id}`);
  }

  /** The window lost the keyboard or the screen: what is held is let go, the lock stays. */
  releaseAll(): void {
    this.overLock = false;
    for (const holder of this.#holders) if (holder !== "lock") this.release(holder);
  }

  /** A press and release at once, from a screen reader or the Enter key. */
  tap(): void {
    this.press("space");
    this.release("space");
  }

  /** `false` when there was nothing to cancel. */
  cancel(): boolean {
    const voice = this.#voice();
    if (voice === null || !cancellable.has(voice.state)) return false;
    // What is held is forgotten, so that letting go does not send what was thrown away.
    this.#settle([], "cancelled");
    void this.#tell(() => this.#client.call("talk_cancel", {}));
    return true;
  }

  /** Sends something kept; the newest when none is named. */
  sendKept = (id?: string): Promise<void> => this.#tell(() => this.#client.call("talk_send_kept", id === undefined ? {} : { id }));

  discardKept = (id: string): Promise<void> => this.#tell(() => this.#client.call("talk_discard_kept", { id }));

  /** Hands-free, or by the key. */
  mode = (mode: TalkMode): Promise<void> => this.#tell(() => this.#client.call("talk_mode", { mode }));

  /** Hands-free: what was said so far is the turn. `false` when nothing is being said. */
  sendNow(): boolean {
    const voice = this.#voice();
    if (voice?.mode !== "hands_free" || (voice.state !== "hearing" && voice.state !== "listening")) return false;
    void this.#tell(() => this.#client.call("talk_send_now", {}));
    return true;
  }

  retry = (): Promise<void> => this.#tell(() => this.#client.call("talk_retry", {}));

  dismiss = (): Promise<void> => this.#tell(() => this.#client.call("talk_dismiss", {}));

  mute(): void {
    const muted = this.#voice()?.muted ?? false;
    void this.#tell(() => this.#client.call("talk_mute", { muted: !muted }));
  }

  hangUp(): void {
    this.#settle([], "cancelled");
    void this.#tell(() => this.#client.call("talk_hang_up", {}));
  }

  into(conversation_id: string | null): void {
    void this.#tell(() => this.#client.call("talk_into", { conversation_id }));
  }

  #settle(holders: readonly Holder[], ending: "released" | "cancelled" = "released"): void {
    const before = this.held;
    this.#holders = holders;
    this.held = holders.length > 0;
    this.locked = holders.includes("lock");
    if (before && !this.held && ending === "released") {
      void this.#tell(() => this.#client.call("talk_key", { down: false }));
    }
  }

  async #tell(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.error = null;
    } catch (error) {
      this.error = error as ErrorBody;
    }
  }
}
