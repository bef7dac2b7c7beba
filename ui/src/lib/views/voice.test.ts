import { afterEach, describe, expect, it } from "vitest";
import type { AppController } from "../controllers/app.svelte";
import { calls, FakeEngine, samples } from "../ipc/fake";
import type { MessageView, VoiceView } from "../ipc/generated";
import { all, drawn, one, press, show } from "./stage";

let engine: FakeEngine;
let app: AppController;
let close: () => void = () => {};

async function open(voice: Partial<VoiceView> = {}, messages: MessageView[] = calls.spoken()) {
  engine = new FakeEngine({
    snapshot: {
      conversations: samples.summaries(Date.now()).slice(0, 1),
      conversation_count: 1,
      providers: [{ ...samples.openai, key: "keyring" }, samples.ollama],
      settings: { ...samples.defaultSettings, language: "en", provider: "ollama", voice: calls.openaiVoice.with },
      voice: { ...samples.idleVoice, ...calls.openaiVoice, in_call: true, ...voice },
    },
    messages: { panels: messages },
  });
  ({ app, close } = show(engine));
  await expect.poll(() => app.thread.phase).toBe("ready");
  await drawn();
}
const click = async (testid: string) => {
  one(testid).click();
  await drawn();
};
const called = (name: string) => engine.calls.filter((call) => call.name === name).map((call) => call.payload);
const kept = (id: string, reason: "cancelled" | "failed" | "left_over") => ({ id, ms: 3200, reason, conversation_id: "panels" });

afterEach(() => {
  close();
  document.body.replaceChildren();
});

describe("a call", () => {
  it("shows what both say as it comes, the answer as far as it sounded, until the thread has it", async () => {
    await open({ state: "speaking" });
    engine.emit({ type: "caption", turn: 7, by: "you", text: "Is there a", heard: 0 }, { type: "caption", turn: 7, by: "you", text: "Is there a bath?", heard: 0 }, { type: "caption", turn: 7, by: "they", text: "Yes, on the left.", heard: 4 });
    await drawn();
    expect(one("caption-you").textContent).toContain("Is there a bath?");
    expect(one("caption-they").querySelector(".coming")?.textContent).toBe(" on the left.");
    await press("c");
    expect(all("captions")).toHaveLength(0);
    await press("c");
    const said = calls.spoken()[4];
    if (said === undefined) throw new Error("the samples are too few");
    engine.emit({ type: "message", message: { ...said, id: "new" } });
    await drawn();
    expect([all("caption-you").length, all("caption-they").length]).toEqual([0, 1]);
  });

  it("says who is talked with, where that is, how long and what it cost, and changes who", async () => {
    await open();
    expect(one("talk-with").textContent).toMatch(/gpt-realtime · marin · api\.openai\.com/);
    expect(one("spent").textContent).toMatch(/4:12\s*\$0\.18/);
    await click("talk-with");
    await expect.poll(() => all("model-option").length).toBeGreaterThan(0);
    expect(all("model-option").map((option) => option.textContent)).toEqual([expect.stringContaining("gpt-realtime"), expect.stringContaining("Echo built in")]);
    all("model-option")[1]?.click();
    await expect.poll(() => one("talk-with").textContent).toContain("stays on this computer");
    expect(called("update_settings")).toEqual([{ voice: { provider: "builtin", model: "echo", voice: null } }]);
  });

  it("goes hands-free and back, and Enter sends now while somebody is heard", async () => {
    await open();
    await press("Enter");
    expect(called("talk_send_now")).toEqual([]);
    document.querySelector<HTMLElement>("[data-testid=talk-way] [data-value=hands_free]")?.click();
    await drawn();
    expect(called("talk_mode")).toEqual([{ mode: "hands_free" }]);
    expect(one("talk-key").textContent).toContain("Pause to send · Enter sends now");
    await press("Enter");
    expect(called("talk_send_now")).toHaveLength(1);
  });

  it("marks a session that was made anew with one quiet line where it happened", async () => {
    await open();
    engine.emit({ type: "voice_renewed", conversation_id: "panels", why: "age" }, { type: "voice_renewed", conversation_id: "other", why: "lost" });
    await drawn();
    expect(all("renewed").map((mark) => mark.textContent?.trim())).toEqual(["The session was renewed. The conversation goes on."]);
    expect(one("renewed").previousElementSibling?.id).toBe("m-s6");
  });
});

describe("what was interrupted", () => {
  it("shows the heard words, folds many unheard ones, and copies what was heard", async () => {
    await open();
    const [short, long] = all("heard");
    expect(short?.querySelector("[data-testid=unheard]")?.getAttribute("aria-label")).toMatch(/^not heard: Bicycles need/);
    expect(long?.querySelector("[data-testid=unheard]")).toBeNull();
    long?.querySelector<HTMLElement>("[data-testid=unheard-show]")?.click();
    await drawn();
    expect(long?.querySelector("[data-testid=unheard]")?.textContent).toMatch(/^and a bed/);
    expect(document.querySelector("#m-s2")?.textContent).toContain("first sound 640 ms");
    expect(document.querySelector("#m-s2")?.textContent).toContain("this computer 130 · network 110 · model 400 ms");
    expect(document.querySelector("#m-s6 [data-testid=heard]")).toBeNull();
  });
});

describe("what was said and not answered", () => {
  it("is offered again, each by itself", async () => {
    await open({ state: "failed", error: calls.unreachable, kept: kept("3", "failed"), waiting: [kept("1", "left_over")] });
    expect(all("kept").map((row) => row.dataset.reason)).toEqual(["left_over", "failed"]);
    all("kept-send")[0]?.click();
    all("kept-discard")[1]?.click();
    await drawn();
    expect([called("talk_send_kept"), called("talk_discard_kept")]).toEqual([[{ id: "1" }], [{ id: "3" }]]);
  });

  it("is kept while the line is down: when it is tried again is counted, and can be at once", async () => {
    await open({ state: "reconnecting", error: calls.unreachable, retry_in_ms: 4000 });
    expect(one("voice-trouble").textContent).toMatch(/api\.openai\.com[\s\S]*Trying again by itself in 0:0[0-4]\./);
    await click("voice-retry");
    expect(called("talk_retry")).toHaveLength(1);
  });
});

describe("the settings of talking", () => {
  it("take effect at once", async () => {
    await open();
    app.navigation.openSettings("voice");
    await drawn();
    const set = async (testid: string, value: string) => {
      const field = one(testid) as HTMLInputElement;
      field.value = value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
      await drawn();
    };
    expect([...document.querySelectorAll("#voices option")].map((option) => option.getAttribute("value"))).toEqual(["alloy", "cedar", "marin"]);
    await set("voice-name", "cedar");
    await set("patience-ms", "1200");
    document.querySelector<HTMLElement>("[data-testid=patience] [data-value=meaning]")?.click();
    await drawn();
    await set("cap-money", "");
    await set("idle-hang-up", "60");
    expect(called("update_settings")).toEqual([
      { voice: { provider: "openai", model: "gpt-realtime", voice: "cedar" } },
      { patience: { by: "silence", ms: 1200 } },
      { patience: { by: "meaning", eagerness: "auto" } },
      { spending_cap: { cents: null, minutes: 60 } },
      { idle_hang_up_s: 60 },
    ]);
  });
});
