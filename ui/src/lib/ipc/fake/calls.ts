/**
 * Made-up calls with a provider's voice, for the preview, the gallery and tests.
 */
import type { ErrorBody, MessageView, VoiceView } from "../generated";
import { message } from "./samples";

/** A call with a provider's voice that has gone on for a while. */
export const openaiVoice = {
  with: { provider: "openai", model: "gpt-realtime", voice: "marin" },
  with_name: "OpenAI",
  spent: {
    call: { said_ms: 96_000, answered_ms: 156_000, input_tokens: 4210, output_tokens: 3180, dollars: "0.18" },
    conversation: { said_ms: 96_000, answered_ms: 156_000, input_tokens: 4210, output_tokens: 3180, dollars: "0.18" },
    today: { said_ms: 300_000, answered_ms: 420_000, input_tokens: 12_400, output_tokens: 9800, dollars: "0.61" },
    capped: false,
  },
} satisfies Partial<VoiceView>;

export const unreachable: ErrorBody = { code: "unreachable", provider: "OpenAI", host: "api.openai.com", model: "gpt-realtime", status: null, seconds: null, details: "connection reset by peer", why: "no_connection_in_time", near: [], retry_at_ms: null };

/** A call with a provider's voice: heard in full, interrupted early and late, and how long each took. */
export function spoken(): MessageView[] {
  const said = (ms: number) => ({ ms, heard_ms: null, heard_chars: null, first_sound_ms: null, ours_ms: null, network_ms: null, model_ms: null });
  const answered = (ms: number, first_sound_ms: number) => ({ ...said(ms), first_sound_ms, ours_ms: 130, network_ms: 110, model_ms: first_sound_ms - 240 });
  const heard = "Yes. The Nightjet leaves Hamburg-Altona at a quarter past eight and reaches Vienna a little after nine.";
  const rest = " Bicycles need a reservation, and there are only six places, so book early. In summer they sell out within";
  const price = "A place in the couchette costs from sixty euros,";
  const tail = " and a bed from a hundred and twenty. " + "Children under six travel free when they share a bed with a grown-up, and there is a small breakfast in the price of every bed and couchette, but not of a seat. ".repeat(2);
  const they = (id: string, text: string, spoken: MessageView["spoken"]) => message({ id, author: "they", name: "gpt-realtime", spoken, blocks: [{ type: "audio", media_id: id, ms: spoken?.ms ?? 0 }, { type: "text", text }] });
  const you = (id: string, text: string, ms: number) => message({ id, author: "you", spoken: said(ms), blocks: [{ type: "audio", media_id: id, ms }, { type: "text", text }] });
  return [
    you("s1", "Is there still a sleeper from Hamburg to Vienna, and does it take bicycles?", 4100),
    they("s2", heard + rest, { ...answered(11_200, 640), heard_ms: 6200, heard_chars: heard.length }),
    you("s3", "And what does it cost?", 1900),
    they("s4", price + tail, { ...answered(19_000, 590), heard_ms: 2900, heard_chars: price.length }),
    you("s5", "Six is fine. How early can I book?", 2300),
    they("s6", "Six months ahead. The places for autumn are open now.", answered(3600, 610)),
  ];
}
