/**
 * What both sides are saying right now, in words, until the thread has it. Pure; `ThreadController` holds the value.
 */
import type { AppEvent, Author } from "../ipc/generated";

export interface Caption {
  turn: number;
  text: string;
  /** How many characters of it have sounded. */
  heard: number;
}

export type Captions = Readonly<Record<Author, Caption | null>>;

export const noCaptions: Captions = { you: null, they: null };

/** The same captions, by identity, when the event does not concern them. */
export function reduceCaptions(captions: Captions, event: AppEvent): Captions {
  switch (event.type) {
    case "caption": {
      const { turn, by, text, heard } = event;
      const newest = Math.max(captions.you?.turn ?? 0, captions.they?.turn ?? 0);
      if (turn < newest) return captions;
      // What belongs to the turn before has its place in the thread.
      const before = turn > newest ? noCaptions : captions;
      return { ...before, [by]: { turn, text, heard } };
    }
    case "message": {
      const { author, spoken, blocks, status } = event.message;
      const inThread = spoken !== null && status !== "streaming" && blocks.some(({ type }) => type === "text");
      return inThread && captions[author] !== null ? { ...captions, [author]: null } : captions;
    }
    case "voice":
      return event.voice.state === "idle" && !event.voice.in_call && captions !== noCaptions ? noCaptions : captions;
    default:
      return captions;
  }
}
