/**
 * What the window knows of the engine, and how each event changes it. Pure; `AppController` holds the value.
 *
 * Deliberately absent: messages (`thread.ts`), levels (30 a second, `controllers/levels.ts`) and anything that only
 * the window knows, such as which page is open.
 */
import type { AppEvent, ConversationSummary, Snapshot } from "../ipc/generated";

/** A snapshot that is kept true by events. */
export type AppState = Omit<Snapshot, "next_event">;

export function fromSnapshot(snapshot: Snapshot): AppState {
  const { next_event: _, ...state } = snapshot;
  return state;
}

/** The same state, by identity, when the event does not concern it. */
export function reduce(state: AppState, event: AppEvent): AppState {
  switch (event.type) {
    case "conversation": {
      const known = state.conversations.some(({ id }) => id === event.summary.id);
      return {
        ...state,
        conversations: place(state.conversations, event.summary),
        conversation_count: state.conversation_count + (known ? 0 : 1),
      };
    }
    case "conversation_gone": {
      const conversations = state.conversations.filter(({ id }) => id !== event.id);
      const conversation_count = Math.max(conversations.length, state.conversation_count - 1);
      return { ...state, conversations, conversation_count };
    }
    case "voice":
      return { ...state, voice: event.voice };
    case "hotkey":
      return { ...state, hotkey: event.hotkey };
    case "notices":
      return { ...state, notices: event.notices };
    case "settings":
      return { ...state, settings: event.settings };
    case "providers":
      return { ...state, providers: event.providers, keyring: event.keyring };
    case "message":
    case "delta":
    case "waiting":
    case "answers_ended":
    case "models":
    case "level":
    case "caption":
    case "voice_renewed":
    case "files_dropped":
    case "notes_changed":
    case "index_progress":
    case "import_progress":
    case "devices_changed":
      return state;
  }
}

/** Adds a page of older lines; lines that are known already stay as they are. */
export function withOlder(state: AppState, page: readonly ConversationSummary[]): AppState {
  const known = new Set(state.conversations.map(({ id }) => id));
  const fresh = page.filter(({ id }) => !known.has(id));
  if (fresh.length === 0) return state;
  const conversations = [...state.conversations, ...fresh].sort(byNewest);
  return { ...state, conversations, conversation_count: Math.max(state.conversation_count, conversations.length) };
}

function place(list: readonly ConversationSummary[], summary: ConversationSummary): ConversationSummary[] {
  const rest = list.filter(({ id }) => id !== summary.id);
  const at = rest.findIndex((other) => byNewest(summary, other) < 0);
  rest.splice(at < 0 ? rest.length : at, 0, summary);
  return rest;
}

function byNewest(a: ConversationSummary, b: ConversationSummary): number {
  return b.updated_ms - a.updated_ms || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}
