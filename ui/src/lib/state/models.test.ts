import { describe, expect, it } from "vitest";
import { samples } from "../ipc/fake";
import type { ModelListView } from "../ipc/generated";
import { addressable, anyPrice, echo, groups, restOf, shownEach, usualChoice, type Wish } from "./models";

const openai = { ...samples.openai, key: "keyring" as const };
const providers = [openai, samples.ollama];
const lists = new Map<string, ModelListView>(samples.modelLists().map((list) => [list.provider, list]));
const wish: Wish = { query: "", filters: new Set(), favourites: [], network: "online", ways: ["direct", "text"] };
const drawn = (part: Partial<Wish>) =>
  groups(providers, lists, { ...wish, ...part }).map(({ id, options }) => [id, ...options.map((option) => (option.kind === "typed" ? `+${option.id}@${option.provider.id}` : option.id))].join(" "));

describe("the picker", () => {
  it("shows the models one talks with, then those one writes to, and counts the others", () => {
    expect(drawn({})).toEqual(["direct gpt-realtime Echo", "text gpt-4.1-mini gpt-5.2 gpt-audio gemma3:4b qwen3:8b"]);
    expect(restOf(openai, lists.get("openai")!, wish)).toEqual({ more: 0, hidden: 1 });
    expect(restOf(openai, lists.get("openai")!, { ...wish, ways: ["text"] })).toEqual({ more: 0, hidden: 2 });
  });

  it("shows no voice of a provider that has none", () => {
    expect(groups([{ ...openai, voices: null }], lists, wish)[0]?.options).toEqual([echo]);
  });

  it("puts favourites first, listed or not, but none of a provider that is gone", () => {
    const favourites = [{ provider: "ollama", model: "qwen3:8b" }, { provider: "gone", model: "x" }, { provider: "openai", model: "my-tuned" }, { provider: "openai", model: "gpt-realtime" }];
    expect(drawn({ favourites })[0]).toBe("favourites qwen3:8b my-tuned gpt-realtime");
    expect(drawn({ favourites, ways: ["text"] })[0]).toBe("favourites qwen3:8b my-tuned");
  });

  it.each<[Partial<Wish>, string[]]>([
    [{ filters: new Set(["reasoning"]) }, ["text gpt-5.2 qwen3:8b"]],
    [{ filters: new Set(["images", "tools"]) }, ["text gpt-4.1-mini gpt-5.2"]],
    [{ filters: new Set(["audio"]) }, ["direct gpt-realtime", "text gpt-audio"]],
    [{ filters: new Set(["local"]) }, ["direct Echo", "text gemma3:4b qwen3:8b"]],
    [{ query: "GPT mini" }, ["text gpt-4.1-mini"]],
    [{ query: "ollama" }, ["text gemma3:4b qwen3:8b +ollama@openai +ollama@ollama"]],
    [{ query: "my/own" }, ["text +my/own@openai +my/own@ollama"]],
    [{ query: "my/own", ways: ["direct"] }, ["direct +my/own@openai"]],
    [{ query: "gpt-5.2" }, ["text gpt-5.2 +gpt-5.2@ollama"]],
  ])("narrows by %j", (part, expected) => {
    expect(drawn(part)).toEqual(expected);
  });

  it("shows this computer's first without a network", () => {
    expect(drawn({ network: "offline" })).toEqual(["direct gpt-realtime Echo", "text gemma3:4b qwen3:8b gpt-4.1-mini gpt-5.2 gpt-audio"]);
  });

  it("shows so many of a long list and says how many more there are", () => {
    const models = Array.from({ length: 450 }, (_, n) => ({ ...samples.modelLists()[0]!.models[0]!, id: `m${n}` }));
    const long = new Map([["openai", { ...samples.modelLists()[0]!, models }]]);
    const some = { ...openai, model: "" };
    expect(groups([some], long, { ...wish, ways: ["text"] })[0]?.options.length).toBe(shownEach);
    expect(restOf(some, long.get("openai")!, wish).more).toBe(450 - shownEach);
  });

  it("has a column of prices only where one is known", () => {
    expect(anyPrice(groups(providers, lists, wish))).toBe(true);
    expect(anyPrice(groups([samples.ollama], lists, wish))).toBe(false);
  });
});

describe("who answers", () => {
  const state = { settings: { ...samples.defaultSettings, provider: "openai" }, providers };
  it("is the default one, else the chosen provider's last one", () => {
    expect(usualChoice(state)).toEqual({ provider: "openai", model: "gpt-5.2" });
    const chat = { provider: "ollama", model: "gemma3:4b" };
    expect(usualChoice({ ...state, settings: { ...state.settings, defaults: { chat } } })).toEqual(chat);
    const gone = { provider: "gone", model: "x" };
    expect(usualChoice({ ...state, settings: { ...state.settings, defaults: { chat: gone } } })).toEqual({ provider: "openai", model: "gpt-5.2" });
    expect(usualChoice({ ...state, providers: [{ ...openai, model: "" }] })).toBeNull();
  });

  it("can be addressed by the last part of its name, favourites first", () => {
    const named = addressable(providers, lists, [{ provider: "ollama", model: "maker/qwen3:8b" }]);
    expect([...named.keys()]).toEqual(["qwen3:8b", "gpt-5.2", "gpt-4.1-mini", "gpt-audio", "gemma3:4b"]);
    expect(named.get("qwen3:8b")).toEqual({ provider: "ollama", model: "maker/qwen3:8b" });
    expect(addressable([{ ...openai, key: "missing" }], lists, []).size).toBe(0);
  });
});
