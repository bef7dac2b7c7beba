/**
 * Long threads and long answers for `gallery/pace.mjs`, which counts frames while they are drawn. Loaded by the development
 * server only; the app's bundle does not hold it.
 */
import type { AppController } from "$lib/controllers/app.svelte";
import { samples, type FakeEngine } from "$lib/ipc/fake";
import type { MessageView } from "$lib/ipc/generated";

/** A thread of so many messages, every kind of block among them. */
export function long(count: number): MessageView[] {
  const every = samples.thread();
  return Array.from({ length: count }, (_, index) => ({ ...(every[index % every.length] ?? samples.message({ id: "", author: "you" })), id: `n${index}`, status: "complete" as const }));
}

const section = `## A part of it\n\nThe railing is *tilted* and loses the sun after four, see [the measurements](https://example.org/sun) and \`yield_kwh\`. It is measured, not computed, and counted once with $a_1 + b^2$.\n\n- first, with **weight**\n- second\n\n\`\`\`python\ndef f(sun):\n    return sun * 0.7  # shade\n\`\`\`\n\n| a | b |\n|---|--:|\n| one | 1 |\n\n`;

export interface Paced {
  frames: number;
  seconds: number;
  /** The longest time without a frame. In milliseconds. */
  longest: number;
}

/** Writes an answer of so many characters, as the engine does: a batch each 33 ms, `speed` characters a second. */
export async function write(app: AppController, engine: FakeEngine, kind: "text" | "thinking", characters: number, speed: number): Promise<Paced> {
  const id = "paced";
  const conversation_id = app.navigation.conversationId ?? "";
  const words = section.repeat(Math.ceil(characters / section.length)).slice(0, characters);
  const batchMs = 33;
  engine.emit({ type: "message", message: samples.message({ id, conversation_id, author: "they", status: "streaming", created_ms: Date.now() }) });

  const begun = performance.now();
  let [frames, longest, before, over] = [0, 0, begun, false];
  const count = (now: number) => {
    [frames, longest, before] = [frames + 1, Math.max(longest, now - before), now];
    if (!over) requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
  await new Promise<void>((done) => {
    let sent = 0;
    const timer = setInterval(() => {
      const due = Math.min(words.length, Math.floor(((performance.now() - begun) * speed) / 1000));
      if (due > sent) engine.emit({ type: "delta", conversation_id, message_id: id, block: 0, delta: { type: kind, text: words.slice(sent, due) } });
      sent = due;
      if (sent < words.length) return;
      clearInterval(timer);
      done();
    }, batchMs);
  });
  over = true;
  return { frames, longest: Math.round(longest), seconds: Math.round(performance.now() - begun) / 1000 };
}
