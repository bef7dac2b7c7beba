import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createClient } from "../ipc/client";
import { FakeEngine, samples, type FakeOptions } from "../ipc/fake";
import { AppController } from "./app.svelte";
import { largestMessage } from "./composer.svelte";

let engine: FakeEngine;
let app: AppController;

async function start(options: FakeOptions = {}) {
  engine = new FakeEngine({ pace: 5, ...options });
  app = new AppController(createClient(engine));
  app.start();
  await settle();
}
const settle = () => vi.advanceTimersByTimeAsync(0);
const conversations = samples.summaries(1_700_000_000_000);
const filled = { snapshot: { conversations, conversation_count: conversations.length, settings: { ...samples.defaultSettings, provider: "ollama" }, providers: [samples.ollama] }, messages: { panels: samples.thread() } };
const called = (name: string) => engine.calls.filter((call) => call.name === name).map((call) => call.payload);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  app.stop();
  vi.useRealTimers();
});

describe("opening the window", () => {
  it("shows the newest conversation, so that all is as it was", async () => {
    await start(filled);
    expect(app.navigation.conversationId).toBe("panels");
    expect(app.thread.messages).toHaveLength(samples.thread().length);
    expect(called("talk_into")).toEqual([{ conversation_id: "panels" }]);
  });

  it("says that the engine does not answer, and goes on when it does", async () => {
    engine = new FakeEngine(filled);
    engine.refusals.set("snapshot", "internal");
    app = new AppController(createClient(engine));
    app.start();
    await settle();
    expect(app.unreachable?.code).toBe("internal");
    app.start();
    await settle();
    expect(app.unreachable).toBeNull();
    expect(app.state?.conversations).toHaveLength(conversations.length);
  });
});

describe("an answer that streams", () => {
  it("grows by deltas and ends as the engine's whole message", async () => {
    await start(filled);
    app.composer.write("And in November?");
    await app.composer.send();
    await vi.advanceTimersByTimeAsync(60);
    const early = app.thread.running;
    expect(early?.status).toBe("streaming");
    await vi.advanceTimersByTimeAsync(5000);
    expect(app.thread.running).toBeUndefined();
    expect(app.thread.last).toMatchObject({ status: "complete", blocks: [{ type: "thinking", text: samples.reasoning }, { type: "text", text: samples.answer }] });
    expect(app.composer.message).toBe("");
  });

  it("is neither doubled nor torn when its conversation is opened in the middle", async () => {
    await start(filled);
    app.composer.write("Go on");
    await app.composer.send();
    await vi.advanceTimersByTimeAsync(100);
    app.navigation.openConversation("train");
    await vi.advanceTimersByTimeAsync(50);
    engine.messages["train"] = [];
    const opened = vi.fn(() => app.navigation.openConversation("panels"));
    setTimeout(opened, 3);
    await vi.advanceTimersByTimeAsync(103);
    expect(opened).toHaveBeenCalled();
    expect(app.thread.last?.blocks).toEqual(engine.messages["panels"]?.at(-1)?.blocks);
    expect(app.thread.running).toBeDefined();
  });

  it("is whole again after events were lost", async () => {
    await start(filled);
    app.composer.write("Go on");
    await app.composer.send();
    await vi.advanceTimersByTimeAsync(50);
    engine.lose(3);
    await vi.advanceTimersByTimeAsync(50);
    expect(app.thread.last?.blocks).toEqual(engine.messages["panels"]?.at(-1)?.blocks);
  });

  it("lets the next message wait, and sends it when the answer is whole", async () => {
    await start(filled);
    app.composer.write("One");
    await app.composer.send();
    await settle();
    app.composer.write("Two");
    await app.composer.send();
    expect(app.composer.queued?.text).toBe("Two");
    expect(called("send_message")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(called("send_message")).toHaveLength(2);
    expect(app.composer.queued).toBeNull();
  });

  it("gives the waiting message back when the answer is stopped", async () => {
    await start(filled);
    app.composer.write("One");
    await app.composer.send();
    await settle();
    app.composer.write("Two");
    await app.composer.send();
    app.composer.write("more");
    await app.composer.stop();
    await settle();
    expect(app.composer.message).toBe("Two\n\nmore");
    expect(called("send_message")).toHaveLength(1);
  });
});

describe("what is being written", () => {
  it("is kept when the engine refuses it", async () => {
    await start(filled);
    engine.refusals.set("send_message", "no_key");
    app.composer.write("Hello");
    await app.composer.send();
    expect(app.composer.error?.code).toBe("no_key");
    expect(app.composer.message).toBe("Hello");
  });

  it("is kept for each conversation", async () => {
    await start(filled);
    app.composer.write("for panels");
    app.navigation.openConversation("train");
    expect(app.composer.message).toBe("");
    app.composer.write("for the train");
    app.navigation.openConversation("panels");
    expect(app.composer.message).toBe("for panels");
  });

  it("keeps a large paste out of the text field, and a too large one from being sent", async () => {
    await start(filled);
    expect(app.composer.paste("short")).toBe(false);
    expect(app.composer.paste("x".repeat(largestMessage))).toBe(true);
    expect(app.composer.sendable).toBe(true);
    app.composer.write("y");
    expect(app.composer.sendable).toBe(false);
    await app.composer.send();
    expect(called("send_message")).toEqual([]);
    app.composer.removePasted(0);
    expect(app.composer.message).toBe("y");
  });

  it("opens the conversation that the first message began", async () => {
    await start({ snapshot: { providers: [samples.ollama], settings: { ...samples.defaultSettings, provider: "ollama" } } });
    expect(app.navigation.conversationId).toBeNull();
    app.composer.write("First words");
    await app.composer.send();
    await settle();
    expect(app.navigation.conversationId).not.toBeNull();
    expect(app.thread.messages[0]).toMatchObject({ author: "you", blocks: [{ type: "text", text: "First words" }] });
  });
});

describe("the list", () => {
  it("brings a deleted conversation back within eight seconds", async () => {
    await start(filled);
    await app.remove("panels", "Deleted.", "Undo");
    expect(app.state?.conversations.some(({ id }) => id === "panels")).toBe(false);
    expect(app.navigation.conversationId).toBeNull();
    app.toasts.act();
    await settle();
    expect(app.state?.conversations.some(({ id }) => id === "panels")).toBe(true);
    expect(app.navigation.conversationId).toBe("panels");
  });

  it("takes the offer away after eight seconds, but not from under the pointer", async () => {
    await start(filled);
    await app.remove("train", "Deleted.", "Undo");
    app.toasts.pause();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(app.toasts.current).not.toBeNull();
    app.toasts.resume();
    await vi.advanceTimersByTimeAsync(8_000);
    expect(app.toasts.current).toBeNull();
  });

  it("fetches older lines once, and stops when there are none", async () => {
    await start({ snapshot: { conversations: conversations.slice(0, 3), conversation_count: 7 } });
    engine.snapshot.conversations = conversations;
    await Promise.all([app.loadOlder(), app.loadOlder()]);
    expect(called("list_conversations")).toHaveLength(1);
    expect(app.state?.conversations.map(({ id }) => id)).toEqual(conversations.map(({ id }) => id));
  });

  it("shows what was spoken into a new conversation", async () => {
    await start();
    engine.emit({ type: "voice", voice: { ...samples.idleVoice, state: "thinking", conversation_id: "new" } });
    expect(app.navigation.conversationId).toBe("new");
  });
});

describe("keys", () => {
  it("proves a key, chooses a model to talk to, and keeps the key nowhere", async () => {
    await start();
    const provider = { ...samples.openai, model: "" };
    expect(await app.providers.setKey(provider, "sk-proj-canary", "keyring", "not asked")).toBeNull();
    const outcome = await app.providers.prove(provider);
    expect(outcome.kind).toBe("works");
    expect(called("choose_model")[0]).toEqual({ conversation_id: null, choice: { provider: "openai", model: "gpt-5.2" } });
    expect(JSON.stringify([app.state, [...app.providers.tests]])).not.toContain("canary");
  });

  it("forgets a new key that the provider refuses", async () => {
    await start();
    engine.refusals.set("test_provider", "key_refused");
    await app.providers.setKey(samples.openai, "sk-proj-wrong", "keyring", "not asked");
    const outcome = await app.providers.prove(samples.openai);
    expect(outcome).toMatchObject({ kind: "refused", error: { code: "key_refused" } });
    expect(called("forget_key")).toEqual([{ id: "openai" }]);
  });

  it("does not forget a key because its server cannot be reached", async () => {
    await start();
    engine.refusals.set("test_provider", "unreachable");
    await app.providers.setKey(samples.openai, "sk-proj-x", "keyring", "not asked");
    const outcome = await app.providers.prove(samples.openai);
    expect(outcome.kind).toBe("untested");
    expect(called("forget_key")).toEqual([]);
  });
});
