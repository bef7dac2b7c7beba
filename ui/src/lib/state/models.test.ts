import { describe, expect, it } from "vitest";
import { samples } from "../ipc/fake";
import type { ModelListView } from "../ipc/generated";
import { addressable, anyPrice, groups, shownEach, usualChoice, type Wish } from "./models";

const openai = { ...samples.openai, key: "keyring" as const };
const providers = [openai, samples.ollama];
const lists = new Map<string, ModelListView>(samples.modelLists().map((list) => [list.provider, list]));
const wish: Wish = { query: "", filters: new Set(), favourites: [], network: "online" };
const drawn = (part: Partial<Wish>) =>
  groups(providers, lists, { ...wish, ...part }).map(({ id, options }) => [id, ...options.map((option) => (option.kind === "typed" ? `+${option.id}` : option.id))].join(" "));

describe("the picker", () => {
  it("shows the models that answer messages, by provider, and counts the others", () => {
    expect(drawn({})).toEqual(["openai gpt-4.1-mini gpt-5.2 gpt-audio", "ollama gemma3:4b qwen3:8b"]);
    expect(groups(providers, lists, wish)[0]?.hidden).toBe(2);
  });

  it("puts favourites first, listed or not, but none of a provider that is gone", () => {
    const favourites = [{ provider: "ollama", model: "qwen3:8b" }, { provider: "gone", model: "x" }, { provider: "openai", model: "my-tuned" }];
    expect(drawn({ favourites })[0]).toBe("favourites qwen3:8b my-tuned");
  });

  it.each<[Partial<Wish>, string[]]>([
    [{ filters: new Set(["reasoning"]) }, ["openai gpt-5.2", "ollama qwen3:8b"]],
    [{ filters: new Set(["images", "tools"]) }, ["openai gpt-4.1-mini gpt-5.2", "ollama"]],
    [{ filters: new Set(["local"]) }, ["openai", "ollama gemma3:4b qwen3:8b"]],
    [{ query: "GPT mini" }, ["openai gpt-4.1-mini", "ollama"]],
    [{ query: "ollama" }, ["openai +ollama", "ollama gemma3:4b qwen3:8b +ollama"]],
    [{ query: "my/own" }, ["openai +my/own", "ollama +my/own"]],
    [{ query: "gpt-5.2" }, ["openai gpt-5.2", "ollama +gpt-5.2"]],
  ])("narrows by %j", (part, expected) => {
    expect(drawn(part)).toEqual(expected);
  });

  it("shows this computer's first without a network", () => {
    expect(drawn({ network: "offline" }).map((group) => group.split(" ")[0])).toEqual(["ollama", "openai"]);
  });

  it("shows so many of a long list and says how many more there are", () => {
    const models = Array.from({ length: 450 }, (_, n) => ({ ...samples.modelLists()[0]!.models[0]!, id: `m${n}` }));
    const long = new Map([["openai", { ...samples.modelLists()[0]!, models }]]);
    const [group] = groups([{ ...openai, model: "" }], long, wish);
    expect([group?.options.length, group?.more]).toEqual([shownEach, 450 - shownEach]);
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
