import { afterEach, describe, expect, it, vi } from "vitest";
import type { AppController } from "../controllers/app.svelte";
import { FakeEngine, samples, type FakeOptions } from "../ipc/fake";
import { all, drawn, one, press, show } from "./stage";

let engine: FakeEngine;
let app: AppController;
let close: () => void = () => {};

const line = samples.summaries(Date.now()).slice(0, 1);
const two: FakeOptions = {
  snapshot: {
    conversations: line,
    conversation_count: 1,
    providers: [{ ...samples.openai, key: "keyring" }, samples.ollama],
    settings: { ...samples.defaultSettings, language: "en", provider: "ollama" },
  },
  messages: { panels: [samples.message({ id: "q", author: "you", blocks: [{ type: "text", text: "hi" }] }), samples.message({ id: "a", author: "they", blocks: [{ type: "text", text: "Hello" }] })] },
};

async function open(options: FakeOptions = two) {
  engine = new FakeEngine({ pace: 1, ...options });
  ({ app, close } = show(engine));
  await expect.poll(() => app.thread.phase).toBe("ready");
  await drawn();
}
const write = async (field: HTMLInputElement | HTMLTextAreaElement, text: string) => {
  field.value = text;
  field.setSelectionRange(text.length, text.length);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await drawn();
};
const called = (name: string) => engine.calls.filter((call) => call.name === name).map((call) => call.payload);
const picker = async () => {
  await press("j", { code: "KeyJ", ctrlKey: true });
  await expect.poll(() => all("model-option").length).toBeGreaterThan(0);
};

afterEach(() => {
  close();
  document.body.replaceChildren();
  vi.useRealTimers();
});

describe("the model picker", () => {
  it("opens on the model in use and chooses for this conversation by Enter", async () => {
    await open();
    await picker();
    expect(document.querySelector("[role=option][aria-selected=true]")?.textContent).toContain("qwen3:8b");
    await press("ArrowUp");
    await press("Enter");
    expect(called("choose_model")).toEqual([{ conversation_id: "panels", choice: { provider: "ollama", model: "gemma3:4b" } }]);
    await expect.poll(() => one("model").textContent).toContain("gemma3:4b");
    expect(all("model-dialog")).toHaveLength(0);
  });

  it("chooses for one message by Alt Enter, and says so until it is sent", async () => {
    await open();
    await picker();
    await write(one<HTMLInputElement>("model-query"), "gpt-5.2");
    await press("Enter", { altKey: true });
    expect(called("choose_model")).toEqual([]);
    expect(one("once").textContent).toContain("gpt-5.2");
    await write(one<HTMLTextAreaElement>("composer"), "And you?");
    await app.composer.send();
    expect(called("send_message")).toEqual([{ conversation_id: "panels", text: "And you?", to: [{ provider: "openai", model: "gpt-5.2" }] }]);
    await expect.poll(() => all("once")).toHaveLength(0);
  });

  it("takes an id that nobody lists", async () => {
    await open();
    await picker();
    await write(one<HTMLInputElement>("model-query"), "my-tuned-model");
    expect(all("model-option").map((option) => option.textContent?.trim())).toEqual(["Use “my-tuned-model” at OpenAI", "Use “my-tuned-model” at Ollama"]);
    await press("Enter");
    expect(called("choose_model")).toMatchObject([{ choice: { provider: "openai", model: "my-tuned-model" } }]);
  });

  it("moves the focus through the list, where F makes a favourite and letters go back to the field", async () => {
    await open();
    await picker();
    all("model-option")[4]?.focus();
    await press("Home");
    expect(document.activeElement?.textContent).toContain("gpt-realtime");
    for (let n = 0; n < 2; n += 1) await press("ArrowDown");
    expect(document.activeElement?.textContent).toContain("gpt-4.1-mini");
    await press("f");
    expect(called("update_settings")).toEqual([{ favourites: [{ provider: "openai", model: "gpt-4.1-mini" }] }]);
    await press("q");
    expect(document.activeElement).toBe(one("model-query"));
  });

  it("tells who is talked with apart from who is written to, and chooses a voice by Enter", async () => {
    await open();
    await picker();
    expect([...document.querySelectorAll("#models [role=group]")].map((group) => group.getAttribute("aria-label"))).toEqual(["Talk directly (speech to speech)", "Text only"]);
    expect(all("model-option").filter((option) => option.textContent?.includes("in use")).map((option) => option.textContent)).toEqual([expect.stringContaining("Echo built in"), expect.stringContaining("qwen3:8b")]);
    await write(one<HTMLInputElement>("model-query"), "realtime");
    await press("Enter");
    expect(called("update_settings")).toEqual([{ voice: { provider: "openai", model: "gpt-realtime", voice: null } }]);
    expect(called("choose_model")).toEqual([]);
    await expect.poll(() => app.state?.voice.with.model).toBe("gpt-realtime");
  });

  it("filters by what a model can do", async () => {
    await open();
    await picker();
    one("filter-reasoning").click();
    await drawn();
    expect(one("filter-reasoning").getAttribute("aria-pressed")).toBe("true");
    expect(all("model-option").map((option) => option.textContent)).toEqual([expect.stringContaining("gpt-5.2"), expect.stringContaining("qwen3:8b")]);
  });

  it("keeps an old list and says how old it is and that asking failed", async () => {
    await open();
    await picker();
    expect(one("model-dialog").textContent).toMatch(/Ollama could not be asked now\. This list is from/);
  });

  it("asks for another answer of another model", async () => {
    await open();
    one("answer-again-with").click();
    await expect.poll(() => all("model-option").length).toBeGreaterThan(0);
    await write(one<HTMLInputElement>("model-query"), "gpt-4.1-mini");
    await press("Enter");
    expect(called("answer_again")).toEqual([{ id: "panels", to: { provider: "openai", model: "gpt-4.1-mini" } }]);
  });
});

describe("addressing models by name", () => {
  it("offers names after @, takes the chosen one, and sends to each in order", async () => {
    await open();
    const field = one<HTMLTextAreaElement>("composer");
    field.focus();
    await write(field, "@gpt-5");
    expect(all("mention").map((option) => option.textContent?.trim())).toEqual(["@gpt-5.2 OpenAI"]);
    await press("Enter");
    expect(field.value).toBe("@gpt-5.2 ");
    expect(all("mention")).toHaveLength(0);
    await write(field, "@gpt-5.2 and @qwen3:8b, who is right?");
    expect(one("addressed").textContent).toContain("gpt-5.2, qwen3:8b");
    await press("Enter");
    expect(called("send_message")).toMatchObject([{ to: [{ provider: "openai", model: "gpt-5.2" }, { provider: "ollama", model: "qwen3:8b" }] }]);
  });

  it("is left by Esc, and Enter sends then", async () => {
    await open();
    const field = one<HTMLTextAreaElement>("composer");
    field.focus();
    await write(field, "mind the @");
    expect(all("mention").length).toBeGreaterThan(0);
    await press("Escape");
    expect(all("mention")).toHaveLength(0);
    await press("Enter");
    expect(called("send_message")).toEqual([{ conversation_id: "panels", text: "mind the @" }]);
  });
});

describe("the context meter", () => {
  it("is quiet up to 70 %, then a figure, and words at the edge, counted when writing pauses", async () => {
    await open();
    const draft = (tokens: number) => write(one<HTMLTextAreaElement>("composer"), "word".repeat(tokens));
    engine.used = 0;
    await draft(20_000);
    await expect.poll(() => called("context").length, { timeout: 3000 }).toBeGreaterThan(0);
    await drawn();
    expect(all("context-meter")).toHaveLength(0);
    const before = called("context").length;
    for (const tokens of [29_000, 30_000, 31_000]) await draft(tokens);
    await expect.poll(() => all("context-meter").map((meter) => meter.textContent?.trim()), { timeout: 3000 }).toEqual(["about 31,000 of 40,960 tokens"]);
    expect(called("context").length).toBe(before + 1);
    await draft(42_000);
    await expect.poll(() => one("context-meter").textContent, { timeout: 3000 }).toMatch(/longer than qwen3:8b can read: about 42,000/);
  });
});

describe("a wait that the provider asks for", () => {
  it("is counted down, and its end offers the answer", async () => {
    const error = { code: "rate_limit" as const, provider: "OpenAI", host: "api.openai.com", model: "gpt-5.2", status: "429", seconds: 2, details: null, why: null, near: [], retry_at_ms: Date.now() + 1800 };
    await open({ ...two, messages: { panels: [samples.message({ id: "a", author: "they", status: "failed", error })] } });
    expect(one("wait").textContent).toBe("Try again in 0:02.");
    expect(one("remedy").classList.contains("strong")).toBe(false);
    await expect.poll(() => one("error").textContent, { timeout: 4000 }).toContain("The wait is over.");
    expect(one("remedy").classList.contains("strong")).toBe(true);
    one("remedy").click();
    await drawn();
    expect(called("answer_again")).toEqual([{ id: "panels" }]);
  });
});

describe("a test in the settings", () => {
  it("says in one sentence what is right", async () => {
    await open();
    app.navigation.openSettings("providers", "openai");
    await drawn();
    one("provider-test").click();
    await expect.poll(() => all("test-result").map((result) => result.textContent?.trim())).toEqual([
      "api.openai.com answers after 180 ms and lists 3 models. The key is accepted. gpt-5.2 answers after 640 ms.",
    ]);
  });
});
