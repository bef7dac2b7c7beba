/**
 * What the palette shows for a query, in groups and in order: what can be done, conversations by their titles, words said
 * and typed, passages of notes, and asking. Pure.
 */
import type { Action } from "$lib/controllers/actions";
import type { ConversationSummary, NoteHit, SearchHit } from "$lib/ipc/generated";
import { grouped } from "./hits";

export type Entry =
  | { kind: "action"; id: string; action: Action }
  | { kind: "conversation"; id: string; summary: ConversationSummary }
  | { kind: "hit"; id: string; hit: SearchHit }
  | { kind: "note"; id: string; hit: NoteHit }
  /** Shows the folded hits of a conversation. */
  | { kind: "more"; id: string; conversation: string; count: number }
  | { kind: "ask"; id: string; query: string };

export interface Section {
  id: string;
  /** The conversation's title, of its hits; `null` for the palette's own sections. */
  title: string | null;
  entries: readonly Entry[];
}

export interface Found {
  query: string;
  actions: readonly Action[];
  conversations: readonly ConversationSummary[];
  hits: readonly SearchHit[];
  notes: readonly NoteHit[];
  /** Conversations whose hits are all shown. */
  opened: ReadonlySet<string>;
}

/** So many of what can be done are shown beside other finds; without a query all are. */
const mostActions = 6;
const mostTitles = 4;

export function sections({ query, actions, conversations, hits, notes, opened }: Found): Section[] {
  const words = query.trim();
  const made: Section[] = [
    { id: "do", title: null, entries: (words === "" ? actions : actions.slice(0, mostActions)).map((action) => ({ kind: "action", id: `do-${action.id}`, action })) },
    { id: "titles", title: null, entries: titled(conversations, words).map((summary) => ({ kind: "conversation", id: `at-${summary.id}`, summary })) },
    ...grouped(hits, opened).map((group): Section => ({
      id: `hits-${group.id}`,
      title: group.title,
      entries: [
        ...group.shown.map((hit): Entry => ({ kind: "hit", id: `hit-${hit.message_id}`, hit })),
        ...(group.more > 0 ? [{ kind: "more" as const, id: `more-${group.id}`, conversation: group.id, count: group.more }] : []),
      ],
    })),
    { id: "notes", title: null, entries: notes.map((hit) => ({ kind: "note", id: `note-${hit.note_id}-${hit.start}`, hit })) },
    { id: "ask", title: null, entries: words === "" ? [] : [{ kind: "ask", id: "ask", query: words }] },
  ];
  return made.filter(({ entries }) => entries.length > 0);
}

/** The newest conversations whose titles hold every word; without a query the newest of all. */
function titled(conversations: readonly ConversationSummary[], query: string): ConversationSummary[] {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const found: ConversationSummary[] = [];
  for (const summary of conversations) {
    if (found.length >= mostTitles) break;
    const title = summary.title.toLowerCase();
    if (title !== "" && words.every((word) => title.includes(word))) found.push(summary);
  }
  return found;
}
