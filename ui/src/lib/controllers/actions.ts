/**
 * Everything that can be done in the window without pointing at something: what the palette offers and what the keys do.
 * One catalogue for both, so that nothing has a key that cannot be found, and the palette says the keys.
 */
import type { SettingsPatch, TalkMode, Theme } from "../ipc/generated";
import { lastCode, wordsOf } from "../state/thread";
import type { WordKey } from "../words/words";
import { t } from "../words/words.svelte";
import type { AppController } from "./app.svelte";
import type { Section } from "./navigation.svelte";
import type { Order } from "./shortcuts";

export type Group = "conversation" | "answer" | "voice" | "window";

export interface Action {
  /** Unlike every other one's. */
  id: string;
  group: Group;
  words: WordKey;
  /** The key that does the same. */
  order: Order | null;
  possible: () => boolean;
  run: () => void;
}

/** Text sizes, as the settings offer them. */
export const scales = [0.9, 1, 1.15, 1.3, 1.5];

const settingsPages: readonly (readonly [Section, WordKey])[] = [
  ["providers", "action.settings_providers"],
  ["leaves", "settings.leaves"],
  ["sound", "action.settings_sound"],
  ["voice", "action.settings_voice"],
  ["talk", "action.settings_talk"],
  ["notes", "action.settings_notes"],
  ["reading", "action.settings_reading"],
  ["data", "action.settings_data"],
];

export function actionsOf(app: AppController): Action[] {
  const { navigation, talk, composer, thread } = app;
  const always = () => true;
  const voice = () => app.state?.voice;
  const here = () => navigation.conversationId;
  const settings = (patch: SettingsPatch) => void app.updateSettings(patch);
  const theme = (value: Theme) => ({ possible: () => app.state?.settings.theme !== value, run: () => settings({ theme: value }) });
  const mode = (value: TalkMode) => ({ possible: () => voice() !== undefined && voice()?.mode !== value, run: () => void talk.mode(value) });
  const answer = () => thread.messages.findLast(({ author }) => author === "they");
  const scale = () => app.state?.settings.text_scale ?? 1;
  const larger = () => scales.find((size) => size > scale() + 0.01);
  const smaller = () => scales.findLast((size) => size < scale() - 0.01);
  const resize = (size: number | undefined) => size !== undefined && settings({ text_scale: size });

  return [
    { id: "new", group: "conversation", words: "nav.new", order: "new", possible: always, run: () => navigation.openConversation(null) },
    { id: "search", group: "conversation", words: "action.search", order: "search", possible: always, run: () => navigation.show({ kind: "search" }) },
    { id: "models", group: "conversation", words: "action.choose_model", order: "models", possible: always, run: () => navigation.show({ kind: "models", purpose: "here" }) },
    { id: "composer", group: "conversation", words: "action.write", order: "composer", possible: () => navigation.page.kind === "conversation", run: () => document.getElementById("composer")?.focus() },
    { id: "rename", group: "conversation", words: "action.rename", order: null, possible: () => here() !== null, run: () => void (navigation.renaming = "yes") },
    { id: "delete", group: "conversation", words: "action.delete", order: null, possible: () => here() !== null, run: () => void app.remove(here() ?? "", t("list.deleted"), t("common.undo")) },

    { id: "notes", group: "conversation", words: "notes.title", order: null, possible: always, run: () => navigation.openNotes() },
    { id: "new-note", group: "conversation", words: "notes.new", order: null, possible: always, run: () => app.notes.create() },

    { id: "stop", group: "answer", words: "action.stop", order: "escape", possible: () => thread.running !== undefined, run: () => void composer.stop() },
    { id: "again", group: "answer", words: "thread.answer_again", order: null, possible: () => thread.last?.author === "they" && thread.last.spoken === null && thread.running === undefined, run: () => void composer.answerAgain() },
    { id: "again-with", group: "answer", words: "thread.answer_again_with", order: null, possible: () => thread.last?.author === "they" && thread.last.spoken === null && thread.running === undefined, run: () => navigation.show({ kind: "models", purpose: "again" }) },
    { id: "copy-answer", group: "answer", words: "action.copy_answer", order: "copy_answer", possible: () => answer() !== undefined, run: () => { const last = answer(); copy(last === undefined ? null : wordsOf(last)); } },
    { id: "copy-code", group: "answer", words: "action.copy_code", order: "copy_code", possible: () => lastCode(thread.messages) !== null, run: () => copy(lastCode(thread.messages)) },

    { id: "send-now", group: "voice", words: "voice.send_now", order: "send_now", possible: () => voice()?.mode === "hands_free" && voice()?.in_call === true, run: () => void talk.sendNow() },
    { id: "mute", group: "voice", words: "action.mute", order: "mute", possible: () => voice() !== undefined, run: () => talk.mute() },
    { id: "captions", group: "voice", words: "action.captions", order: "captions", possible: always, run: () => void (talk.captions = talk.captions === "on" ? "off" : "on") },
    { id: "hang-up", group: "voice", words: "voice.hang_up", order: "hang_up", possible: () => voice()?.in_call === true, run: () => talk.hangUp() },
    { id: "talk-with", group: "voice", words: "action.talk_with", order: null, possible: always, run: () => navigation.show({ kind: "models", purpose: "talk" }) },
    { id: "hands-free", group: "voice", words: "action.hands_free", order: null, ...mode("hands_free") },
    { id: "push-to-talk", group: "voice", words: "action.push_to_talk", order: null, ...mode("push_to_talk") },

    { id: "settings", group: "window", words: "nav.settings", order: "settings", possible: always, run: () => navigation.openSettings() },
    ...settingsPages.map(([section, words]): Action => ({ id: `settings-${section}`, group: "window", words, order: null, possible: always, run: () => navigation.openSettings(section) })),
    { id: "shortcuts", group: "window", words: "shortcuts.title", order: "shortcuts", possible: always, run: () => navigation.show({ kind: "shortcuts" }) },
    { id: "sidebar", group: "window", words: "action.sidebar", order: "sidebar", possible: always, run: () => void (navigation.drawer = !navigation.drawer) },
    { id: "region", group: "window", words: "action.next_region", order: "next_region", possible: always, run: nextRegion },
    { id: "light", group: "window", words: "action.light", order: null, ...theme("light") },
    { id: "dark", group: "window", words: "action.dark", order: null, ...theme("dark") },
    { id: "larger", group: "window", words: "action.larger", order: "larger", possible: () => larger() !== undefined, run: () => resize(larger()) },
    { id: "smaller", group: "window", words: "action.smaller", order: "smaller", possible: () => smaller() !== undefined, run: () => resize(smaller()) },
    { id: "usual-size", group: "window", words: "action.usual_size", order: "usual_size", possible: () => scale() !== 1, run: () => resize(1) },
  ];
}

/** Those whose names hold every word of `query`: the ones that begin with it first. */
export function fitting(actions: readonly Action[], query: string, name: (action: Action) => string): Action[] {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const fit = actions.filter((action) => words.every((word) => name(action).toLowerCase().includes(word)));
  const begins = (action: Action) => (name(action).toLowerCase().startsWith(words[0] ?? "") ? 0 : 1);
  return fit.toSorted((a, b) => begins(a) - begins(b));
}

function copy(text: string | null) {
  if (text !== null) void navigator.clipboard.writeText(text).catch(() => undefined);
}

/** Moves the focus to the next of sidebar, page and desk. */
function nextRegion() {
  const regions = [...document.querySelectorAll<HTMLElement>("nav.side, [data-testid=thread], [data-testid=settings], [data-testid=notes], footer.desk")].filter((region) => region.offsetParent !== null);
  const here = regions.findIndex((region) => region.contains(document.activeElement));
  const next = regions[(here + 1) % regions.length];
  const target = next?.matches("[tabindex]") ? next : next?.querySelector<HTMLElement>("textarea, button, input, select, [tabindex='0']");
  target?.focus();
}
