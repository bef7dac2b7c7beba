/**
 * The scripted engine for a look at the window in a browser: `?scene=…&open=…&theme=…&language=…&voice=…&scale=…`. Loaded
 * by the development server only; the app's bundle does not hold it.
 */
import type { AppController } from "$lib/controllers/app.svelte";
import { calls, FakeEngine, notes, samples, writings } from "$lib/ipc/fake";
import { long, write } from "./pace";
import type { KeyringState, Language, Notice, TalkMode, Theme, VoiceState } from "$lib/ipc/generated";

/** The window that is looked at, once it is arranged. */
let previewed: AppController;

export function previewEngine(query: URLSearchParams): FakeEngine {
  const scene = query.get("scene") ?? "thread";
  const settings = {
    ...samples.defaultSettings,
    theme: (query.get("theme") ?? "system") as Theme,
    language: (query.get("language") ?? "system") as Language,
    text_scale: Number(query.get("scale") ?? 1),
    provider: scene === "first" ? "openai" : "ollama",
    ...(query.get("with") === "openai" ? { voice: calls.openaiVoice.with } : {}),
  };
  const keyring = { state: (query.get("keyring") ?? "ready") as KeyringState, store: "GNOME keyring" };
  const state = (query.get("voice") ?? "idle") as VoiceState;
  const voice = {
    ...samples.idleVoice,
    ...(query.get("with") === "openai" ? calls.openaiVoice : {}),
    state,
    mode: (query.get("mode") ?? "push_to_talk") as TalkMode,
    muted: state === "muted",
    in_call: state !== "idle" || query.has("mode"),
    ...(state === "failed" || state === "reconnecting" ? { error: calls.unreachable, retry_in_ms: state === "failed" ? null : 4000 } : {}),
    for_ms: 2400,
    kept: query.has("kept") ? { id: "1", ms: 3200, reason: state === "failed" ? ("failed" as const) : ("cancelled" as const), conversation_id: null } : null,
  };
  if (scene === "first") return new FakeEngine({ snapshot: { settings, keyring, voice } });

  const conversations = samples.summaries(Date.now());
  if (scene === "long") {
    for (let n = 0; n < 9_993; n += 1) conversations.push({ id: `old-${n}`, title: `Conversation ${n}`, updated_ms: Date.now() - (n + 500) * 8_000_000, spoken: n % 3 === 0, model: null });
  }
  const notices: Notice[] = query.has("notice") ? [{ type: "microphone_gone", device: "Yeti Stereo Microphone" }, { type: "disk_full" }] : [];
  const damaged = { code: "database_damaged" as const, provider: null, host: null, model: null, status: null, seconds: null, why: null, near: [], retry_at_ms: null, details: "the file is damaged" };
  const trouble = scene === "damaged" ? damaged : scene === "trouble" ? { code: "database_newer" as const, provider: null, host: null, model: null, status: null, seconds: null, why: null, near: [], retry_at_ms: null, details: "schema version 9, this Parlance knows 3" } : null;
  const made_ms = Date.now() - 86_400_000;
  const engine = new FakeEngine({
    notes: scene === "no notes" ? [] : notes(Date.now()),
    rescue: { backups: [{ name: "copy", made_ms, conversations: 1198 }], salvageable: true },
    snapshot: {
      settings,
      keyring,
      voice,
      notices,
      trouble,
      conversations,
      conversation_count: conversations.length,
      providers: [{ ...samples.openai, key: "keyring" }, samples.ollama],
    },
    messages: { panels: scene === "broken" ? samples.trouble() : scene === "waiting" ? samples.trouble().slice(0, 3) : scene === "spoken" ? calls.spoken() : scene === "tools" ? samples.tools() : scene === "writing" ? writings() : scene === "empty" ? [] : /^\d+$/.test(scene) ? long(Number(scene)) : samples.thread() },
  });
  Object.assign(globalThis, { paced: (kind: "text" | "thinking", characters: number, speed: number) => write(previewed, engine, kind, characters, speed) });
  engine.used = Number(query.get("used") ?? engine.used);
  return engine;
}

/** Opens what `?open=` names, and marks the page when all of it is there. */
export async function arrange(app: AppController, query: URLSearchParams): Promise<void> {
  previewed = app;
  const settledMs = 400;
  await new Promise((resolve) => setTimeout(resolve, settledMs));
  const { navigation } = app;
  const open = query.get("open");
  if (open === "settings") navigation.openSettings();
  if (open === "provider") navigation.openSettings("providers", "openai");
  if (open === "new") navigation.openSettings("providers", "new");
  if (open === "models") {
    navigation.show({ kind: "models", purpose: "here" });
    await new Promise((resolve) => setTimeout(resolve, settledMs));
    if (query.get("network") === "offline") dispatchEvent(new Event("offline"));
  }
  if (open === "voice") navigation.openSettings("voice");
  if (open === "call") {
    app.thread.captions = {
      you: { turn: 9, text: "And if they are sold out, could I take the bike apart and carry it as", heard: 0 },
      they: query.get("voice") === "speaking" ? { turn: 9, text: "Yes, in a bag of at most eighty by a hundred and twenty centimetres it counts as luggage, and it travels for free.", heard: 62 } : null,
    };
    app.thread.marks = [{ after: "s4", why: "age" }];
  }
  if (open === "voices") navigation.show({ kind: "models", purpose: "talk" });
  if (open === "link") navigation.show({ kind: "link", href: "https://evil.example/login", words: "mybank.com" });
  if (open === "drawer") navigation.drawer = true;
  if (open === "notes" || open === "note" || open === "found") {
    navigation.openNotes(open === "note" ? "balcony" : null);
    if (open === "found") app.notes.search("sun railing");
    await new Promise((resolve) => setTimeout(resolve, settledMs));
    const hit = app.notes.found?.hits[0];
    if (open === "found" && hit !== undefined && innerWidth > 719) app.notes.go(hit.note_id, { start: hit.start, end: hit.end });
  }
  if (open === "conflict" || open === "writing-note") {
    navigation.openNotes("balcony");
    await new Promise((resolve) => setTimeout(resolve, settledMs));
    app.notes.open.write(`${app.notes.open.text}\nAsk Ada.\n`);
    if (open === "conflict") await app.client.call("note_save", { id: "balcony", text: "# Balcony\n\nMeasured anew." });
    await app.notes.open.keep();
    document.querySelector<HTMLElement>("[data-testid=note-look] [role=radio]:last-child")?.click();
  }
  if (open === "notes-settings") navigation.openSettings("notes");
  if (open === "find-setting") {
    navigation.openSettings();
    await new Promise((resolve) => setTimeout(resolve, settledMs));
    const field = document.querySelector<HTMLInputElement>("[data-testid=settings-find]");
    if (field !== null) {
      field.value = "key";
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  if (open === "shortcuts") navigation.show({ kind: "shortcuts" });
  if (open === "palette" || open === "search") navigation.show({ kind: "search" });
  if (open === "search") {
    await new Promise((resolve) => setTimeout(resolve, settledMs));
    const field = document.querySelector<HTMLInputElement>("[data-testid=search]");
    if (field !== null) {
      field.value = "railing";
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  const field = document.querySelector<HTMLTextAreaElement>("[data-testid=composer]");
  const write = (text: string) => {
    if (field === null) return;
    field.focus();
    field.value = text;
    field.setSelectionRange(text.length, text.length);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  if (open === "mention") write("@gpt-5.2 and @q");
  if (open === "draft") write("And in November?");
  if (open === "files") await app.composer.attach([new File(["words ".repeat(3000)], "notes on the balcony.md"), new File(["x".repeat(400_000)], "a railing in the evening sun, seen from the south-west.png")]);
  if (open === "tested") {
    navigation.openSettings("providers", "openai");
    await app.providers.test("openai");
  }
  if (open === "send") {
    app.composer.write("And in November?");
    await app.composer.send();
  }
  document.documentElement.dataset.arranged = "yes";
}
