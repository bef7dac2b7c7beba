/**
 * The hits of a search under their conversations, in the order of the best hit of each. Pure.
 */
import type { SearchHit } from "$lib/ipc/generated";

export interface Group {
  id: string;
  /** Empty for one that was only spoken. */
  title: string;
  shown: readonly SearchHit[];
  /** How many hits are folded away. */
  more: number;
}

/** So many hits of a conversation are shown before one asks for more. */
const shownFirst = 2;

export function grouped(hits: readonly SearchHit[], opened: ReadonlySet<string>): Group[] {
  const byId = new Map<string, SearchHit[]>();
  for (const hit of hits) {
    const known = byId.get(hit.conversation_id);
    if (known === undefined) byId.set(hit.conversation_id, [hit]);
    else known.push(hit);
  }
  return [...byId].map(([id, all]) => {
    const shown = opened.has(id) ? all : all.slice(0, shownFirst);
    return { id, title: all[0]?.title ?? "", shown, more: all.length - shown.length };
  });
}
