/**
 * Typed calls, and events in order. Used by the controllers; components never see it.
 *
 * Deliberately absent: retries (the engine decides what is safe to repeat) and any state of the window.
 */
import type { AppEvent, Commands, ErrorBody, Snapshot } from "./generated";
import type { Transport, Unsubscribe } from "./transport";

export type { Unsubscribe } from "./transport";

/** What a follower is told. `seq` is the number of the event. */
export interface Follower {
  snapshot(snapshot: Snapshot): void;
  event(event: AppEvent, seq: number): void;
  /** No snapshot could be had: the engine does not answer. */
  lost(error: ErrorBody): void;
}

export interface Client {
  /** Rejects with an `ErrorBody`, always. */
  call<C extends keyof Commands>(name: C, request: Commands[C]["request"]): Promise<Commands[C]["response"]>;
  /** A snapshot, then every event after it; after a gap, a new snapshot. */
  subscribe(follower: Follower): Unsubscribe;
}

export function createClient(transport: Transport): Client {
  const call: Client["call"] = async (name, request) => {
    try {
      return (await transport.call(name, request)) as Commands[typeof name]["response"];
    } catch (thrown) {
      throw asErrorBody(thrown);
    }
  };
  return { call, subscribe: (follower) => follow(transport, call, follower) };
}

function follow(transport: Transport, call: Client["call"], follower: Follower): Unsubscribe {
  let closed = false;
  /** Number of the next event to hand on; `null` while a snapshot is under way. */
  let next: number | null = null;
  let waiting: { event: AppEvent; seq: number }[] = [];

  const deliver = (event: AppEvent, seq: number) => {
    if (next === null) {
      waiting.push({ event, seq });
      return;
    }
    if (seq < next) return;
    if (seq > next) {
      waiting.push({ event, seq });
      void refresh();
      return;
    }
    next = seq + 1;
    follower.event(event, seq);
  };

  const refresh = async () => {
    next = null;
    try {
      const snapshot = await call("snapshot", {});
      if (closed) return;
      next = snapshot.next_event;
      follower.snapshot(snapshot);
      const held = waiting;
      waiting = [];
      for (const { event, seq } of held) deliver(event, seq);
    } catch (error) {
      if (!closed) follower.lost(error as ErrorBody);
    }
  };

  const unsubscribe = transport.subscribe(({ first, events }) => {
    events.forEach((event, index) => {
      if (!closed) deliver(event, first + index);
    });
  });
  void refresh();

  return () => {
    closed = true;
    unsubscribe();
  };
}

/** Whatever was thrown, as something the window has words for. */
export function asErrorBody(thrown: unknown): ErrorBody {
  if (typeof thrown === "object" && thrown !== null && "code" in thrown && typeof thrown.code === "string") {
    return { ...nothingKnown, ...(thrown as Partial<ErrorBody>), code: thrown.code as ErrorBody["code"] };
  }
  const details = thrown instanceof Error ? thrown.message : typeof thrown === "string" ? thrown : null;
  return { ...nothingKnown, code: "internal", details };
}

const nothingKnown: Omit<ErrorBody, "code"> = {
  provider: null,
  host: null,
  model: null,
  status: null,
  seconds: null,
  details: null,
  why: null,
  near: [],
  retry_at_ms: null,
};
