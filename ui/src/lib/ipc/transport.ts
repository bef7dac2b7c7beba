/**
 * What carries calls and events: the shell's bridge in the app, a scripted engine in tests and previews.
 * Knows nothing of what is carried; `client.ts` gives the types.
 */
import type { EventBatch } from "./generated";

/** Ends a subscription, at once and for good; a second call does nothing. */
export type Unsubscribe = () => void;

export interface Transport {
  /** Rejects with what the engine threw: an `ErrorBody`, or something else when the bridge itself failed. */
  call(name: string, payload: unknown): Promise<unknown>;
  subscribe(onBatch: (batch: EventBatch) => void): Unsubscribe;
}
