import { describe, expect, it } from "vitest";
import { samples } from "../ipc/fake";
import type { AppEvent, ConversationSummary } from "../ipc/generated";
import { fromSnapshot, reduce, withOlder } from "./app";
import { lastCode, reduceMessages, running, wordsOf, type Messages } from "./thread";

const line = (id: string, updated_ms: number): ConversationSummary => ({ id, title: id, updated_ms, spoken: false, model: null });
const state = fromSnapshot({ ...samples.emptySnapshot(), conversations: [line("b", 20), line("a", 10)], conversation_count: 5 });
const ids = (list: readonly ConversationSummary[]) => list.map(({ id }) => id).join("");

describe("the list of conversations", () => {
  it.each<[string, AppEvent, string, number]>([
    ["a new one comes first", { type: "conversation", summary: line("c", 30) }, "cba", 6],
    ["one that is written to moves up", { type: "conversation", summary: line("a", 30) }, "ab", 5],
    ["an old one takes its place", { type: "conversation", summary: line("0", 5) }, "ba0", 6],
    ["a deleted one is gone", { type: "conversation_gone", id: "a" }, "b", 4],
  ])("%s", (_, event, order, count) => {
    const next = reduce(state, event);
    expect([ids(next.conversations), next.conversation_count]).toEqual([order, count]);
  });

  it("takes a page of older lines once", () => {
    const next = withOlder(state, [line("a", 10), line("0", 5)]);
    expect(ids(next.conversations)).toBe("ba0");
    expect(withOlder(next, [line("0", 5)])).toBe(next);
  });

  it("does not change by what does not concern it", () => {
    for (const event of [{ type: "level", input: 1, output: 0 }, { type: "devices_changed" }] as const) expect(reduce(state, event)).toBe(state);
  });
});

describe("the messages of a thread", () => {
  const before: Messages = [
    samples.message({ id: "1", author: "you", blocks: [{ type: "text", text: "hi" }] }),
    samples.message({ id: "2", author: "they", status: "streaming", blocks: [{ type: "thinking", text: "hm", ms: null }] }),
  ];
  const delta = (block: number, part: Extract<AppEvent, { type: "delta" }>["delta"], conversation_id = "panels"): AppEvent => ({ type: "delta", conversation_id, message_id: "2", block, delta: part });

  it("grow at their last block, and nothing else is touched", () => {
    const after = reduceMessages(before, "panels", delta(0, { type: "thinking", text: "m" }));
    expect(after[0]).toBe(before[0]);
    expect(after[1]?.blocks).toEqual([{ type: "thinking", text: "hmm", ms: null }]);
  });

  it("begin a new block of any kind", () => {
    const text = reduceMessages(before, "panels", delta(1, { type: "text", text: "Hello" }));
    const call = reduceMessages(text, "panels", delta(2, { type: "tool_call", id: "t", name: "f", arguments: "{" }));
    const grown = reduceMessages(call, "panels", delta(2, { type: "tool_call", id: "t", name: "f", arguments: "}" }));
    expect(grown[1]?.blocks.slice(1)).toEqual([{ type: "text", text: "Hello" }, { type: "tool_call", id: "t", name: "f", arguments: "{}", state: { is: "coming" } }]);
    expect(grown[1]?.blocks[1]).toBe(text[1]?.blocks[1]);
    const asked = reduceMessages(grown, "panels", delta(2, { type: "tool_state", state: { is: "asking" } }));
    const given = { type: "tool_result" as const, id: "t", name: "f", output: "out", end: "done" as const };
    const told = reduceMessages(asked, "panels", delta(3, given));
    expect(told[1]?.blocks.slice(2)).toEqual([{ type: "tool_call", id: "t", name: "f", arguments: "{}", state: { is: "asking" } }, given]);
  });

  it.each<[string, AppEvent]>([
    ["another conversation", delta(0, { type: "thinking", text: "x" }, "train")],
    ["a block of another kind", delta(0, { type: "text", text: "x" })],
  ])("are not touched by a delta for %s", (_, event) => {
    expect(reduceMessages(before, "panels", event)).toBe(before);
  });

  it("say why nothing comes while a provider is waited for, until something does", () => {
    const error = { code: "rate_limit" as const, provider: "OpenAI", host: "api.openai.com", model: "gpt-5.2", status: "429", seconds: 2, details: null, why: null, near: [], retry_at_ms: 1 };
    const waiting = reduceMessages(before, "panels", { type: "waiting", conversation_id: "panels", message_id: "2", error });
    expect(waiting[1]?.error).toEqual(error);
    expect(reduceMessages(before, "train", { type: "waiting", conversation_id: "panels", message_id: "2", error })).toBe(before);
    const grown = reduceMessages(waiting, "panels", delta(0, { type: "thinking", text: "m" }));
    expect(grown[1]?.error).toBeNull();
  });

  it("are replaced by id, and blocks that are the same stay the same", () => {
    const whole = { ...samples.message({ id: "2", author: "they" }), blocks: [{ type: "thinking" as const, text: "hm", ms: null }, { type: "text" as const, text: "Hello" }] };
    const after = reduceMessages(before, "panels", { type: "message", message: whole });
    expect(after).toHaveLength(2);
    expect(after[1]?.blocks[0]).toBe(before[1]?.blocks[0]);
    expect(running(after)).toBeUndefined();
  });

  it("give their words without reasoning and tools", () => {
    expect(wordsOf(samples.message({ id: "x", author: "they", blocks: [{ type: "thinking", text: "hm", ms: 1 }, { type: "text", text: "a" }, { type: "text", text: "b" }] }))).toBe("a\n\nb");
  });

  it("give the last code of an answer", () => {
    expect(lastCode(samples.thread())).toMatch(/^def yield_kwh[\s\S]*40\.8\n$/);
    expect(lastCode(before)).toBeNull();
  });
});
