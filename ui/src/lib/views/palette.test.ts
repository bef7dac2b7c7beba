import { flushSync } from "svelte";
import { afterEach, describe, expect, it } from "vitest";
import { fitting } from "../controllers/actions";
import type { AppController } from "../controllers/app.svelte";
import { keysOf, type Order } from "../controllers/shortcuts";
import { FakeEngine, notes, samples, type FakeOptions } from "../ipc/fake";
import { sentence } from "../words/words";
import { all, drawn, one, press, show } from "./stage";

let engine: FakeEngine;
let app: AppController;
let close: () => void = () => {};

async function open(options: FakeOptions = {}) {
  engine = new FakeEngine({
    snapshot: { conversations: samples.summaries(Date.now()), conversation_count: 7, providers: [{ ...samples.openai, key: "keyring" }, samples.ollama], settings: { ...samples.defaultSettings, provider: "ollama", language: "en" } },
    messages: { panels: samples.thread() },
    notes: notes(Date.now()),
    pace: 10_000,
    ...options,
  });
  ({ app, close } = show(engine));
  await drawn();
  await drawn();
}
afterEach(() => {
  close();
  document.body.replaceChildren();
});

const called = (name: string) => engine.calls.filter((call) => call.name === name).map(({ payload }) => payload);

async function look(words: string) {
  await press("k", { code: "KeyK", ctrlKey: true });
  const field = one<HTMLInputElement>("search");
  field.value = words;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
}

describe("the palette", () => {
  it("offers what can be done here with its key, and nothing that cannot", async () => {
    await open();
    await look("");
    const offered = all("action").map(({ dataset }) => dataset.action);
    expect(offered).toEqual(expect.arrayContaining(["new", "again", "copy-code", "settings-sound", "shortcuts"]));
    expect(offered).not.toEqual(expect.arrayContaining(["stop"]));
    expect(offered).not.toEqual(expect.arrayContaining(["hang-up"]));
    expect(all("action").find(({ dataset }) => dataset.action === "new")?.textContent).toContain("Ctrl N");
  });

  it("does the first find by Enter", async () => {
    await open();
    await look("dark");
    await press("Enter");
    expect(called("update_settings")).toEqual([{ theme: "dark" }]);
    expect(app.navigation.dialog).toBeNull();
  });

  it("finds conversations by title and words in them, and says how many", async () => {
    await open();
    await look("railing");
    await expect.poll(() => all("hit").length).toBeGreaterThan(0);
    await look("night vienna");
    expect(all("titled").map(({ textContent }) => textContent)).toEqual([expect.stringContaining("Night train to Vienna")]);
    await press("Enter");
    expect(app.navigation.page).toMatchObject({ kind: "conversation", id: "train" });
  });

  it("finds passages of notes and opens the note at them", async () => {
    await open();
    await look("rosemary");
    await expect.poll(() => document.querySelector("[data-testid=palette-note] mark")?.textContent).toBe("rosemary");
    await press("Enter");
    expect(app.navigation.page).toMatchObject({ kind: "notes", id: "diary", passage: { start: expect.any(Number) } });
  });

  it("asks the model in a new conversation by Ctrl Enter, whatever is chosen, and keeps the draft", async () => {
    await open();
    app.composer.write("half written");
    await look("new");
    await press("Enter", { ctrlKey: true });
    await expect.poll(() => called("send_message")).toMatchObject([{ conversation_id: null, text: "new" }]);
    app.navigation.openConversation("panels");
    expect(app.composer.draft.text).toBe("half written");
  });
});

describe("the keys", () => {
  it("are all in the palette, but for talking and stepping back", async () => {
    await open();
    const known = app.actions.flatMap(({ order }) => order ?? []);
    expect(new Set(known).size).toBe(known.length);
    expect((Object.keys(keysOf) as Order[]).filter((order) => !known.includes(order))).toEqual(["talk"]);
    expect(new Set(app.actions.map(({ id }) => id)).size).toBe(app.actions.length);
  });

  it("are on a sheet that ? opens and Esc closes, every one", async () => {
    await open();
    await press("?", { code: "Slash", shiftKey: true });
    const sheet = one("shortcuts").textContent ?? "";
    for (const [order, [key]] of Object.entries(keysOf)) if (order !== "talk") expect(sheet).toContain(key);
    await press("Escape");
    expect(app.navigation.dialog).toBeNull();
  });

  it("change the size of the text step by step, as far as it goes", async () => {
    await open();
    await press("+", { code: "Equal", ctrlKey: true });
    await press("+", { code: "Equal", ctrlKey: true });
    await press("0", { code: "Digit0", ctrlKey: true });
    await press("0", { code: "Digit0", ctrlKey: true });
    expect(called("update_settings")).toEqual([{ text_scale: 1.15 }, { text_scale: 1.3 }, { text_scale: 1 }]);
  });

  it("rename the conversation from the palette", async () => {
    await open();
    await look("rename");
    await press("Enter");
    const field = one<HTMLInputElement>("title-field");
    field.value = "Sun on the railing";
    await press("Enter");
    expect(called("rename_conversation")).toEqual([{ id: "panels", title: "Sun on the railing" }]);
  });
});

describe("finding what can be done", () => {
  it("wants every word, and puts first what begins with it", async () => {
    await open();
    const find = (query: string, tongue: "en" | "zh-CN") => fitting(app.actions, query, ({ words }) => sentence(tongue, words)).map(({ id }) => id);
    expect(find("text", "en")).toEqual(["usual-size", "larger", "smaller"]);
    expect(find("settings sound", "en")).toEqual([]);
    expect(find("settings mic", "en")).toEqual(["settings-sound"]);
    expect(find("深色", "zh-CN")).toEqual(["dark"]);
  });
});
