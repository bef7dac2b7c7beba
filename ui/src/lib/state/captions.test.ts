import { describe, expect, it } from "vitest";
import { samples } from "../ipc/fake";
import type { AppEvent } from "../ipc/generated";
import { noCaptions, reduceCaptions } from "./captions";

const caption = (turn: number, by: "you" | "they", text: string, heard = 0): AppEvent => ({ type: "caption", turn, by, text, heard });
const after = (...events: AppEvent[]) => events.reduce(reduceCaptions, noCaptions);

describe("captions", () => {
  it("are replaced as words come, each side its own", () => {
    expect(after(caption(1, "you", "Is the"), caption(1, "you", "Is there"), caption(1, "they", "Yes. The", 4))).toEqual({
      you: { turn: 1, text: "Is there", heard: 0 },
      they: { turn: 1, text: "Yes. The", heard: 4 },
    });
  });

  it("of an older turn give way, and do not come back", () => {
    const captions = after(caption(1, "they", "Yes."), caption(2, "you", "And"), caption(1, "they", "Yes. And late"));
    expect(captions).toEqual({ you: { turn: 2, text: "And", heard: 0 }, they: null });
  });

  it("go when the thread has the words, not before", () => {
    const spoken = { ms: 900, heard_ms: null, heard_chars: null, first_sound_ms: null, ours_ms: null, network_ms: null, model_ms: null };
    const said = (text: string | null): AppEvent => ({ type: "message", message: samples.message({ id: "q", author: "you", spoken, blocks: text === null ? [] : [{ type: "text", text }] }) });
    const heard = after(caption(1, "you", "Is there"));
    expect(reduceCaptions(heard, said(null))).toBe(heard);
    expect(reduceCaptions(heard, said("Is there")).you).toBeNull();
  });

  it("go with the call", () => {
    const over: AppEvent = { type: "voice", voice: { ...samples.idleVoice, in_call: false } };
    expect(after(caption(1, "you", "Is there"), over)).toBe(noCaptions);
    expect(after(caption(1, "you", "Is there"), { type: "voice", voice: { ...samples.idleVoice, in_call: true } }).you).not.toBeNull();
  });
});
