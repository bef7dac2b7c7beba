/**
 * What the talk key says in each state: icon, word and hint. Pure; `TalkKey.svelte` draws it.
 */
import type { TalkKeyMode, VoiceState, VoiceView } from "$lib/ipc/generated";
import type { IconName } from "$lib/components/shared/icons";
import type { WordKey } from "$lib/words/words";

/** Where the keyboard is: what Space would do. */
export type Focus = "free" | "typing";

export const stateIcons: Readonly<Record<VoiceState, IconName>> = {
  idle: "mic",
  connecting: "plug",
  listening: "ear",
  hearing: "audio-lines",
  thinking: "ellipsis",
  speaking: "volume-2",
  interrupted: "hand",
  reconnecting: "refresh-cw",
  muted: "mic-off",
  failed: "triangle-alert",
};

/** States in which the key is drawn down. */
export const downStates: ReadonlySet<VoiceState> = new Set(["listening", "hearing", "interrupted"]);

/** States with a timer in the corner. */
export const timedStates: ReadonlySet<VoiceState> = new Set(["hearing", "thinking", "speaking"]);

export interface HintContext {
  mode: TalkKeyMode;
  focus: Focus;
  /** Echo answers, nothing else does. */
  answersWith: "echo" | "model";
  /** Whether the floor stays open without a finger on the key. */
  floor: "open" | "held";
}

export function hint(voice: VoiceView, { mode, focus, answersWith, floor }: HintContext): WordKey {
  switch (voice.state) {
    case "idle":
      if (focus === "typing") return "voice.idle.hint_typing";
      if (answersWith === "echo") return "voice.idle.hint_echo";
      if (mode === "hold") return "voice.idle.hint_hold";
      return mode === "toggle" ? "voice.idle.hint_toggle" : "voice.idle.hint";
    case "listening":
    case "hearing":
      if (voice.mode === "hands_free") return "voice.hint_hands_free";
      return floor === "open" || voice.locked || mode === "toggle" ? "voice.hint_press" : "voice.hint_release";
    case "failed":
      return voice.kept === null ? "voice.failed.hint" : "voice.failed.hint_kept";
    case "connecting":
      return "voice.connecting.hint";
    case "thinking":
      return "voice.thinking.hint";
    case "speaking":
      return voice.mode === "hands_free" ? "voice.speaking.hint_talk" : "voice.speaking.hint";
    case "interrupted":
      return "voice.interrupted.hint";
    case "reconnecting":
      return "voice.reconnecting.hint";
    case "muted":
      return "voice.muted.hint";
  }
}
