import { describe, expect, it } from "vitest";
import { asErrorBody, createClient } from "./client";
import type { AppEvent, EventBatch, Snapshot } from "./generated";
import { emptySnapshot } from "./fake/samples";

const gone = (id: string): AppEvent => ({ type: "conversation_gone", id });

/** A transport whose answers and batches the test hands out one by one. */
function byHand() {
  const asked: ((snapshot: Snapshot) => void)[] = [];
  let batch: (batch: EventBatch) => void = () => {};
  const seen: string[] = [];
  const client = createClient({
    call: () => new Promise((resolve) => asked.push(resolve as (snapshot: Snapshot) => void)),
    subscribe(onBatch) {
      batch = onBatch;
      return () => seen.push("unsubscribed");
    },
  });
  const stop = client.subscribe({
    snapshot: (snapshot) => seen.push(`snapshot ${snapshot.next_event}`),
    event: (event, seq) => seen.push(`${seq} ${event.type === "conversation_gone" ? event.id : event.type}`),
    lost: (error) => seen.push(`lost ${error.code}`),
  });
  return {
    seen,
    stop,
    asked: () => asked.length,
    async answer(next_event: number) {
      asked.shift()?.({ ...emptySnapshot(), next_event });
      await Promise.resolve();
      await Promise.resolve();
    },
    batch: (first: number, ...ids: string[]) => batch({ first, events: ids.map(gone) }),
  };
}

describe("following the engine", () => {
  it("holds events back until the snapshot, and drops those the snapshot knows", async () => {
    const engine = byHand();
    engine.batch(5, "old", "new");
    await engine.answer(6);
    engine.batch(7, "next");
    expect(engine.seen).toEqual(["snapshot 6", "6 new", "7 next"]);
  });

  it("asks for a new snapshot after a gap and loses nothing that came meanwhile", async () => {
    const engine = byHand();
    await engine.answer(0);
    engine.batch(0, "a");
    engine.batch(3, "d");
    engine.batch(4, "e");
    expect(engine.asked()).toBe(1);
    await engine.answer(4);
    expect(engine.seen).toEqual(["snapshot 0", "0 a", "snapshot 4", "4 e"]);
  });

  it("says nothing any more once unsubscribed, even when a snapshot was under way", async () => {
    const engine = byHand();
    engine.stop();
    await engine.answer(0);
    engine.batch(0, "a");
    expect(engine.seen).toEqual(["unsubscribed"]);
  });
});

describe("what was thrown", () => {
  it.each([
    [{ code: "no_key", provider: "OpenAI" }, { code: "no_key", provider: "OpenAI" }],
    ["command call not found", { code: "internal", details: "command call not found" }],
    [new TypeError("x"), { code: "internal", details: "x" }],
    [undefined, { code: "internal", details: null }],
  ])("%o becomes an error body", (thrown, expected) => {
    expect(asErrorBody(thrown)).toMatchObject(expected);
    expect(asErrorBody(thrown)).toHaveProperty("seconds", null);
  });
});
