import { flushSync } from "svelte";
import { afterEach, describe, expect, it } from "vitest";
import { FakeEngine, samples } from "../ipc/fake";
import { drawn, one, press, show } from "./stage";

let close: () => void = () => {};

async function open(language: "en" | "zh-CN" = "en") {
  const engine = new FakeEngine({ snapshot: { settings: { ...samples.defaultSettings, language }, providers: [{ ...samples.openai, key: "keyring" }, samples.ollama], conversations: samples.summaries(0), conversation_count: 7 }, messages: { panels: samples.thread() } });
  ({ close } = show(engine));
  await drawn();
  one("settings-open").click();
  await drawn();
}
afterEach(() => {
  close();
  document.body.replaceChildren();
});

async function find(words: string) {
  const field = one<HTMLInputElement>("settings-find");
  field.focus();
  field.value = words;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
  await drawn();
}

/** What can be seen: headings of parts and names of rows. */
function seen(): string[] {
  const names = [...document.querySelectorAll<HTMLElement>("[data-testid=settings] :is(h2, .name)")];
  return names.filter((name) => name.closest("[hidden]") === null).map(({ textContent }) => (textContent ?? "").trim());
}

describe("finding a setting", () => {
  it("shows the rows that fit under the names of their parts, and nothing else", async () => {
    await open();
    await find("text size");
    expect(seen()).toEqual(["Reading", "Text size"]);
    await find("ollama key");
    expect(seen()).toEqual(["Providers and keys", "Ollama"]);
  });

  it("shows a part whole that is named", async () => {
    await open();
    await find("reading");
    expect(seen()).toEqual(expect.arrayContaining(["Reading", "Text size", "Light and dark"].slice(0, 2)));
    expect(seen()[0]).toBe("Reading");
    expect(seen().length).toBeGreaterThan(4);
  });

  it("says so when nothing fits, and Esc shows everything again", async () => {
    await open();
    const all = seen().length;
    await find("quantum");
    expect(one("no-settings").textContent).toBe("No setting matches “quantum”.");
    expect(seen()).toEqual([]);
    await press("Escape");
    await drawn();
    expect(seen()).toHaveLength(all);
    expect(document.querySelector("[data-testid=no-settings]")).toBeNull();
  });

  it("knows the words of the language in use", async () => {
    await open("zh-CN");
    await find("文字大小");
    expect(seen()).toHaveLength(2);
  });
});
