import { beforeEach, describe, expect, it } from "vitest";
import { createClient } from "../ipc/client";
import { FakeEngine, samples } from "../ipc/fake";
import type { VoiceView } from "../ipc/generated";
import { TalkController } from "./talk.svelte";

let engine: FakeEngine;
let voice: VoiceView;
let talk: TalkController;
const said = () => engine.calls.map(({ name, payload }) => (name === "talk_key" ? ((payload as { down: boolean }).down ? "down" : "up") : name));

beforeEach(() => {
  engine = new FakeEngine();
  voice = { ...samples.idleVoice };
  talk = new TalkController(createClient(engine), () => voice);
});

describe("the talk key under the fingers", () => {
  it("is down while anything holds it, and up when the last lets go", () => {
    talk.press("space");
    talk.press("pointer 1");
    talk.release("space");
    expect(talk.held).toBe(true);
    talk.release("pointer 1");
    expect(said()).toEqual(["down", "up"]);
  });

  it("tells a repeated press once", () => {
    talk.press("space");
    talk.press("space");
    expect(said()).toEqual(["down"]);
  });

  it("lets go of a pointer wherever it goes up, even after the key has left the page", () => {
    talk.holdPointer(7);
    window.dispatchEvent(new PointerEvent("pointerup", { pointerId: 8 }));
    expect(talk.held).toBe(true);
    window.dispatchEvent(new PointerEvent("pointerup", { pointerId: 7 }));
    expect(said()).toEqual(["down", "up"]);
  });

  it("sends nothing when a cancelled key comes up", () => {
    talk.press("space");
    voice = { ...voice, state: "hearing" };
    expect(talk.cancel()).toBe(true);
    talk.release("space");
    expect(said()).toEqual(["down", "talk_cancel"]);
  });

  it("has nothing to cancel while nobody has the floor", () => {
    expect(talk.cancel()).toBe(false);
    expect(said()).toEqual([]);
  });

  it("stays down once it is slid into the lock, and the next press ends it", () => {
    talk.press("pointer 1");
    talk.overLock = true;
    talk.release("pointer 1");
    expect([talk.held, talk.locked]).toEqual([true, true]);
    talk.press("space");
    talk.release("space");
    expect([talk.held, talk.locked]).toEqual([false, false]);
    expect(said()).toEqual(["down", "up"]);
  });

  it("comes up when the window loses the keyboard, but keeps a lock", () => {
    talk.press("space");
    talk.releaseAll();
    expect(said()).toEqual(["down", "up"]);
    talk.press("pointer 1");
    talk.overLock = true;
    talk.release("pointer 1");
    talk.releaseAll();
    expect(talk.locked).toBe(true);
  });

  it("sends the kept words again after a failure instead of opening the microphone", () => {
    voice = { ...voice, state: "failed", kept: { id: "1", ms: 2000, reason: "failed", conversation_id: null } };
    talk.press("space");
    talk.release("space");
    expect(said()).toEqual(["talk_send_kept"]);
  });

  it("keeps what the engine refused, for the strip", async () => {
    engine.refusals.set("talk_key", "sound");
    talk.press("space");
    await expect.poll(() => talk.error?.code).toBe("sound");
  });
});
