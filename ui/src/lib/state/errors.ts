/**
 * How each error is shown: its weight, its icon and the one thing to do. The sentences are in the words
 * (`error.CODE`); the engine says only which error it is. One table, so that a new code cannot be forgotten.
 */
import type { IconName } from "../components/shared/icons";
import type { ErrorBody, ErrorCode, Notice } from "../ipc/generated";
import type { Params } from "../words/words";

/** `you`: it needs the person. `bad`: it is broken. `quiet`: only for information. */
export type Tone = "you" | "bad" | "quiet";

/** The one thing to do; `App.svelte` carries it out. */
export type Remedy =
  | "add_key"
  | "replace_key"
  | "choose_model"
  | "check_address"
  | "answer_again"
  | "new_conversation"
  | "sound_settings"
  | "voice_settings"
  | "notes_settings";

export interface Face {
  tone: Tone;
  icon: IconName;
  remedy: Remedy | null;
}

export const faces: Readonly<Record<ErrorCode, Face>> = {
  no_key: { tone: "you", icon: "key-round", remedy: "add_key" },
  key_refused: { tone: "bad", icon: "key-round", remedy: "replace_key" },
  wrong_host: { tone: "bad", icon: "key-round", remedy: "replace_key" },
  bad_key: { tone: "you", icon: "key-round", remedy: null },
  quota: { tone: "you", icon: "key-round", remedy: "choose_model" },
  rate_limit: { tone: "you", icon: "refresh-cw", remedy: "answer_again" },
  overloaded: { tone: "you", icon: "refresh-cw", remedy: "answer_again" },
  server_fault: { tone: "bad", icon: "triangle-alert", remedy: "answer_again" },
  context_too_long: { tone: "you", icon: "info", remedy: "new_conversation" },
  content_filter: { tone: "you", icon: "info", remedy: null },
  refused: { tone: "quiet", icon: "info", remedy: null },
  answer_limit: { tone: "quiet", icon: "info", remedy: null },
  invalid_request: { tone: "bad", icon: "triangle-alert", remedy: "choose_model" },
  not_found: { tone: "you", icon: "triangle-alert", remedy: "choose_model" },
  unreachable: { tone: "bad", icon: "globe", remedy: "answer_again" },
  timeout: { tone: "bad", icon: "globe", remedy: "answer_again" },
  cut_off: { tone: "bad", icon: "triangle-alert", remedy: "answer_again" },
  not_the_api: { tone: "bad", icon: "triangle-alert", remedy: "check_address" },
  unfit: { tone: "bad", icon: "triangle-alert", remedy: "answer_again" },
  too_large: { tone: "bad", icon: "triangle-alert", remedy: null },
  stopped: { tone: "quiet", icon: "circle-stop", remedy: "answer_again" },
  no_keyring: { tone: "you", icon: "lock", remedy: null },
  keyring_locked: { tone: "you", icon: "lock", remedy: null },
  bad_url: { tone: "you", icon: "globe", remedy: "check_address" },
  plain_http: { tone: "you", icon: "lock", remedy: "check_address" },
  empty_message: { tone: "quiet", icon: "info", remedy: null },
  message_too_long: { tone: "you", icon: "info", remedy: null },
  no_model: { tone: "you", icon: "info", remedy: "choose_model" },
  no_voice: { tone: "you", icon: "info", remedy: null },
  spending_cap: { tone: "you", icon: "info", remedy: "voice_settings" },
  gone: { tone: "quiet", icon: "info", remedy: "new_conversation" },
  disk_full: { tone: "bad", icon: "database", remedy: null },
  read_only: { tone: "bad", icon: "database", remedy: null },
  network_folder: { tone: "you", icon: "database", remedy: null },
  database_busy: { tone: "you", icon: "database", remedy: null },
  database_damaged: { tone: "bad", icon: "database", remedy: null },
  database_newer: { tone: "bad", icon: "database", remedy: null },
  sound: { tone: "bad", icon: "mic-off", remedy: "sound_settings" },
  bad_file: { tone: "you", icon: "info", remedy: null },
  note_changed: { tone: "you", icon: "info", remedy: null },
  note_follows_file: { tone: "quiet", icon: "info", remedy: null },
  note_too_long: { tone: "you", icon: "info", remedy: null },
  no_meaning: { tone: "quiet", icon: "info", remedy: "notes_settings" },
  no_dialogue: { tone: "quiet", icon: "info", remedy: null },
  no_tools: { tone: "quiet", icon: "wrench", remedy: "choose_model" },
  not_running: { tone: "bad", icon: "triangle-alert", remedy: null },
  bad_call: { tone: "bad", icon: "triangle-alert", remedy: null },
  internal: { tone: "bad", icon: "triangle-alert", remedy: null },
};

/** The figures of an error, for its sentence. */
export function figures(error: ErrorBody): Params {
  const { provider, host, model, status, seconds, near } = error;
  return { provider, host, model, status, seconds, near: near.join(", ") };
}

/** How each notice is shown. */
export const noticeFaces: Readonly<Record<Notice["type"], Face>> = {
  no_microphone: { tone: "you", icon: "mic-off", remedy: "sound_settings" },
  microphone_gone: { tone: "you", icon: "mic-off", remedy: "sound_settings" },
  no_speaker: { tone: "you", icon: "volume-2", remedy: "sound_settings" },
  speaker_gone: { tone: "you", icon: "volume-2", remedy: "sound_settings" },
  sound_server_gone: { tone: "bad", icon: "volume-2", remedy: null },
  microphone_silent: { tone: "you", icon: "mic", remedy: "sound_settings" },
  sound_lost: { tone: "you", icon: "audio-lines", remedy: "sound_settings" },
  disk_full: { tone: "bad", icon: "database", remedy: null },
  spoken_in_memory: { tone: "you", icon: "database", remedy: null },
  disk_low: { tone: "you", icon: "database", remedy: null },
  read_only: { tone: "bad", icon: "database", remedy: null },
  settings_unreadable: { tone: "you", icon: "settings", remedy: null },
};
