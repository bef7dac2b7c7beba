/**
 * The messages of the open conversation, and how each event changes them. Pure; `ThreadController` holds the value.
 * What does not change keeps its identity, so that only the last block of the running answer is drawn again.
 */
import { cutHeard, type Heard } from "../text/heard";
import type { AppEvent, BlockView, Delta, MessageView } from "../ipc/generated";

export type Messages = readonly MessageView[];

/** The same list, by identity, when the event does not concern this conversation. */
export function reduceMessages(messages: Messages, conversationId: string, event: AppEvent): Messages {
  if (event.type === "message" && event.message.conversation_id === conversationId) {
    return put(messages, event.message);
  }
  if (event.type === "delta" && event.conversation_id === conversationId) {
    return append(messages, event.message_id, event.block, event.delta);
  }
  if (event.type === "waiting" && event.conversation_id === conversationId) {
    const at = messages.findLastIndex(({ id }) => id === event.message_id);
    const message = messages[at];
    return message === undefined ? messages : messages.with(at, { ...message, error: event.error });
  }
  return messages;
}

function put(messages: Messages, message: MessageView): Messages {
  const at = messages.findIndex(({ id }) => id === message.id);
  if (at < 0) return [...messages, message];
  const known = messages[at];
  const blocks = message.blocks.map((block, index) => {
    const before = known?.blocks[index];
    return before !== undefined && sameBlock(before, block) ? before : block;
  });
  return messages.with(at, { ...message, blocks });
}

function append(messages: Messages, id: string, index: number, delta: Delta): Messages {
  const at = messages.findLastIndex((message) => message.id === id);
  const message = messages[at];
  if (message === undefined) return messages;
  const grown = grow(message.blocks[index], delta);
  if (grown === null) return messages;
  const blocks = index < message.blocks.length ? message.blocks.with(index, grown) : [...message.blocks, grown];
  // What was waited for has come.
  return messages.with(at, { ...message, error: null, blocks });
}

/** `null` when the delta is of another kind than its block: the whole message, which follows, puts it right. */
function grow(block: BlockView | undefined, delta: Delta): BlockView | null {
  switch (delta.type) {
    case "text":
      if (block === undefined) return { type: "text", text: delta.text };
      return block.type === "text" ? { ...block, text: block.text + delta.text } : null;
    case "thinking":
      if (block === undefined) return { type: "thinking", text: delta.text, ms: null };
      return block.type === "thinking" ? { ...block, text: block.text + delta.text } : null;
    case "tool_call":
      if (block === undefined) return { ...delta, state: { is: "coming" } };
      return block.type === "tool_call" ? { ...block, arguments: block.arguments + delta.arguments } : null;
    case "tool_state":
      return block?.type === "tool_call" ? { ...block, state: delta.state } : null;
    case "tool_result":
      return block === undefined ? { ...delta } : null;
  }
}

function sameBlock(a: BlockView, b: BlockView): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The message that is being written, if any. */
export function running(messages: Messages): MessageView | undefined {
  return messages.findLast(({ status }) => status === "streaming");
}

/** What of each text of an answer was heard; `null` unless it was interrupted and that is known. */
export function heardOf({ blocks, spoken }: MessageView): ReadonlyMap<BlockView, Heard> | null {
  if (spoken?.heard_chars == null) return null;
  let left = spoken.heard_chars;
  const parts = new Map<BlockView, Heard>();
  for (const block of blocks) {
    if (block.type !== "text") continue;
    const cut = cutHeard(block.text, left);
    left -= [...cut.heard].length;
    parts.set(block, cut);
  }
  return parts;
}

/** What "Copy" takes: the words alone, without reasoning, tools and sound; of an interrupted answer those that were heard. */
export function wordsOf(message: MessageView): string {
  const cut = heardOf(message);
  return message.blocks.flatMap((block) => (block.type === "text" ? [cut?.get(block)?.heard ?? block.text] : [])).join("\n\n").trimEnd();
}

/** The last block of code an answer holds, `null` when there is none. */
export function lastCode(messages: Messages): string | null {
  for (const message of messages.toReversed()) {
    if (message.author !== "they") continue;
    const code = [...wordsOf(message).matchAll(/^(`{3,}|~{3,})[^\n]*\n([\s\S]*?)^\1/gm)].at(-1)?.[2];
    if (code !== undefined) return code;
  }
  return null;
}
