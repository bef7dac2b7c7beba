/**
 * A scripted engine: keeps conversations in memory, streams made-up answers and plays through the talk key's states.
 * For vitest and for a preview in a browser; the app's bundle does not hold it.
 */
import type {
  AppEvent,
  Commands,
  ConversationSummary,
  ErrorBody,
  ErrorCode,
  EventBatch,
  FileView,
  MessageView,
  ModelListView,
  RescueOptions,
  Snapshot,
  VoiceState,
  VoiceView,
} from "../generated";
import type { Transport } from "../transport";
import { FakeNotes, type FakeNote } from "./notes";
import { answer, emptySnapshot, message, modelLists, reasoning, services } from "./samples";

type Handlers = { [C in keyof Commands]: (request: Commands[C]["request"]) => Commands[C]["response"] };

export interface FakeOptions {
  snapshot?: Partial<Snapshot>;
  messages?: Record<string, MessageView[]>;
  /** Milliseconds between two deltas of an answer. */
  pace?: number;
  /** The ways back from a damaged history. */
  rescue?: RescueOptions;
  /** What each provider lists. */
  lists?: ModelListView[];
  notes?: FakeNote[];
}

export class FakeEngine implements Transport {
  /** Every call, for assertions. */
  readonly calls: { name: string; payload: unknown }[] = [];
  /** The next call of this name is refused with this code. */
  readonly refusals = new Map<keyof Commands, ErrorCode>();
  snapshot: Snapshot;
  /** Tokens of whatever conversation is asked about. */
  used = 1200;
  /** What each provider is known to list. */
  lists: ModelListView[];
  messages: Record<string, MessageView[]>;
  readonly notes: FakeNotes;
  readonly #rescue: RescueOptions;
  #pace: number;
  #next = 0;
  #listeners = new Set<(batch: EventBatch) => void>();
  #files: FileView[] = [];
  #deleted = new Map<string, ConversationSummary>();
  #streams = new Map<string, ReturnType<typeof setInterval>>();
  #voice: ReturnType<typeof setTimeout>[] = [];

  constructor({ snapshot, messages, pace = 30, rescue = { backups: [], salvageable: true }, lists = modelLists(), notes = [] }: FakeOptions = {}) {
    this.#rescue = rescue;
    this.snapshot = { ...emptySnapshot(), ...structuredClone(snapshot ?? {}) };
    this.messages = structuredClone(messages ?? {});
    this.#pace = pace;
    this.lists = structuredClone(lists);
    this.notes = new FakeNotes(notes, {
      emit: (event) => this.emit(event),
      error: (code) => this.#error(code),
      wordsOf: (id) => Object.values(this.messages).flat().find((said) => said.id === id)?.blocks.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n\n") ?? "",
    });
  }

  async call(name: string, payload: unknown): Promise<unknown> {
    this.calls.push({ name, payload });
    await Promise.resolve();
    const refusal = this.refusals.get(name as keyof Commands);
    if (refusal !== undefined) {
      this.refusals.delete(name as keyof Commands);
      throw this.#error(refusal);
    }
    const handlers: Handlers = { ...this.#handlers, ...this.notes.handlers };
    const handler = handlers[name as keyof Commands] as ((request: unknown) => unknown) | undefined;
    if (handler === undefined) throw this.#error("bad_call");
    return structuredClone(handler(payload));
  }

  subscribe(onBatch: (batch: EventBatch) => void): () => void {
    this.#listeners.add(onBatch);
    return () => this.#listeners.delete(onBatch);
  }

  emit(...events: AppEvent[]): void {
    const first = this.#next;
    this.#next += events.length;
    for (const listener of this.#listeners) listener({ first, events: structuredClone(events) });
  }

  /** Loses events on the way, as a full channel would. */
  lose(count: number): void {
    this.#next += count;
  }

  #handlers: Omit<Handlers, keyof FakeNotes["handlers"]> = {
    snapshot: () => ({ ...this.snapshot, next_event: this.#next }),
    list_conversations: ({ offset, limit }) => this.snapshot.conversations.slice(offset, offset + limit),
    open_conversation: ({ id }) => ({ summary: this.#summary(id), messages: this.messages[id] ?? [], next_event: this.#next }),
    rename_conversation: ({ id, title }) => {
      this.#put({ ...this.#summary(id), title });
      return {};
    },
    delete_conversation: ({ id }) => {
      this.#deleted.set(id, this.#summary(id));
      this.snapshot.conversations = this.snapshot.conversations.filter((line) => line.id !== id);
      this.emit({ type: "conversation_gone", id });
      return {};
    },
    undo_delete: ({ id }) => {
      const summary = this.#deleted.get(id);
      if (summary === undefined) throw this.#error("gone");
      this.#put(summary);
      return summary;
    },
    search: ({ query }) =>
      Object.values(this.messages).flat().flatMap((found) => {
        const words = found.blocks.flatMap((block) => (block.type === "text" ? [block.text] : [])).join(" ");
        const at = words.toLowerCase().indexOf(query.toLowerCase());
        if (query === "" || at < 0) return [];
        const [from, to] = [Math.max(0, at - 40), at + query.length];
        return [{
          conversation_id: found.conversation_id,
          title: this.#summary(found.conversation_id).title,
          message_id: found.id,
          snippet: [
            { text: words.slice(from, at), hit: false },
            { text: words.slice(at, to), hit: true },
            { text: words.slice(to, to + 60), hit: false },
          ],
          created_ms: found.created_ms,
        }];
      }),
    context: ({ draft }) => ({ model: "qwen3:8b", tokens: this.used + Math.ceil(draft.length / 4), exact: false, limit: 40_960 }),
    model_lists: () => this.lists,
    refresh_models: ({ id }) => {
      const list = this.lists.find(({ provider }) => provider === id);
      if (list === undefined) throw this.#error("gone");
      return list;
    },
    choose_model: ({ conversation_id, choice }) => {
      if (conversation_id === null) {
        this.snapshot.settings = { ...this.snapshot.settings, provider: choice.provider, defaults: { ...this.snapshot.settings.defaults, chat: choice } };
        this.emit({ type: "settings", settings: this.snapshot.settings });
      } else {
        this.#put({ ...this.#summary(conversation_id), model: choice });
      }
      this.#change(choice.provider, { model: choice.model });
      return {};
    },
    send_message: ({ conversation_id, text, files = [] }) => {
      const provider = this.snapshot.providers.find(({ id }) => id === this.snapshot.settings.provider);
      if (text.trim() === "" && files.length === 0) throw this.#error("empty_message");
      if (provider?.model === "") throw this.#error("no_model");
      const id = conversation_id ?? crypto.randomUUID();
      this.#put({ id, title: text.slice(0, 60), updated_ms: Date.now(), spoken: false, model: this.snapshot.conversations.find((line) => line.id === id)?.model ?? null });
      this.#say(message({ id: crypto.randomUUID(), conversation_id: id, author: "you", blocks: text === "" ? [] : [{ type: "text", text }], files: this.#files.filter(({ id }) => files.includes(id)), created_ms: Date.now() }));
      return { conversation_id: id, answer_id: this.#stream(id) };
    },
    stop_answer: ({ id }) => {
      this.#finish(id, "stopped");
      return {};
    },
    answer_again: ({ id }) => {
      const kept = this.messages[id] ?? [];
      if (kept.at(-1)?.author === "they") this.messages[id] = kept.slice(0, -1);
      return { conversation_id: id, answer_id: this.#stream(id) };
    },
    decide_tool: () => ({}),
    choose_file: ({ name, data }) => {
      const file: FileView = { id: crypto.randomUUID(), name, bytes: Math.floor((data.length / 4) * 3), kind: name.endsWith(".png") ? "image" : "text" };
      this.#files.push(file);
      return file;
    },
    paste_files: () => ({ files: [], error: null }),
    forget_file: () => ({}),
    set_key: ({ provider, keep }) => {
      if (this.snapshot.keyring.state === "absent" && keep === "keyring") throw this.#error("no_keyring");
      return this.#change(provider, { key: keep });
    },
    forget_key: ({ id }) => this.#change(id, { key: "missing" }),
    known_services: () => services,
    save_provider: ({ id, name, base_url, model }) => {
      const saved = { id, name, base_url, model };
      const host = URL.canParse(saved.base_url) ? new URL(saved.base_url).host : "";
      if (host === "") throw this.#error("bad_url");
      if (!this.snapshot.providers.some(({ id }) => id === saved.id)) {
        const local = /^(localhost|127\.)/.test(host);
        this.snapshot.providers = [...this.snapshot.providers, { ...saved, host, local, builtin: false, key: "missing", voices: [] }];
      }
      return this.#change(saved.id, { ...saved, host });
    },
    remove_provider: ({ id }) => {
      this.snapshot.providers = this.snapshot.providers.filter((provider) => provider.id !== id);
      this.#providers();
      return {};
    },
    test_provider: ({ id }) => {
      const model = this.snapshot.providers.find((provider) => provider.id === id)?.model ?? "";
      return { models: ["gpt-5.2", "gpt-5.2-mini", "o4-mini"], ms: 180, answered: model === "" ? null : { model, listed: true, ms: 640 } };
    },
    update_settings: (patch) => {
      const device = (id: string | null | undefined, now: string | null) => (id === undefined ? now : id === "" ? null : id);
      const settings = { ...this.snapshot.settings, ...patch };
      settings.input_device = device(patch.input_device, this.snapshot.settings.input_device);
      settings.output_device = device(patch.output_device, this.snapshot.settings.output_device);
      this.snapshot.settings = settings;
      this.emit({ type: "settings", settings });
      if (patch.voice !== undefined) this.#show("idle", { in_call: false, with: patch.voice, with_name: this.snapshot.providers.find(({ id }) => id === patch.voice?.provider)?.name ?? "Echo" });
      return settings;
    },
    test_echo: () => ({ verdict: "speakers", advice: "cancel", round_trip_ms: 84, coupling_db: -18, noise_dbfs: -61 }),
    devices: () => ({
      inputs: [{ id: "yeti", name: "Yeti Stereo Microphone", is_default: true }, { id: "built-in", name: "Built-in Audio", is_default: false }],
      outputs: [{ id: "phones", name: "Headphones", is_default: true }],
    }),
    talk_key: ({ down }) => this.#talk(down),
    talk_cancel: () => this.#show("idle", { kept: this.snapshot.voice.state === "hearing" ? { id: "1", ms: 2400, reason: "cancelled", conversation_id: null } : null }),
    talk_mode: ({ mode }) => this.#show(mode === "hands_free" ? "listening" : "idle", { mode, in_call: true }),
    talk_send_now: () => this.#think(),
    talk_send_kept: () => this.#think(),
    talk_discard_kept: () => this.#show("idle"),
    talk_dismiss: () => this.#show("idle", { error: null }),
    talk_retry: () => this.#show("connecting", { in_call: true }),
    talk_show: () => ({}),
    voice_times: () => [],
    talk_hang_up: () => this.#show("idle", { in_call: false, mode: "push_to_talk" }),
    talk_mute: ({ muted }) => this.#show(muted ? "muted" : "idle", { muted }),
    talk_into: ({ conversation_id }) => {
      this.snapshot.voice.conversation_id = conversation_id;
      return {};
    },
    play_media: () => ({}),
    stop_media: () => ({}),
    open_link: () => ({}),
    rescue_options: () => this.#rescue,
    restore_backup: ({ name }) => {
      const copy = this.#rescue.backups.find((backup) => backup.name === name);
      if (copy === undefined) throw this.#error("database_damaged");
      return { conversations: copy.conversations, of: copy.conversations, aside: "/home/ada/.local/share/parlance/damaged-2026-11-24" };
    },
    salvage: () => ({ conversations: 1200, of: 1204, aside: "/home/ada/.local/share/parlance/damaged-2026-11-24" }),
  };

  #summary(id: string): ConversationSummary {
    const summary = this.snapshot.conversations.find((line) => line.id === id);
    if (summary === undefined) throw this.#error("gone");
    return summary;
  }

  #put(summary: ConversationSummary): void {
    const rest = this.snapshot.conversations.filter(({ id }) => id !== summary.id);
    this.snapshot.conversations = [summary, ...rest];
    this.emit({ type: "conversation", summary });
  }

  #say(said: MessageView): void {
    const list = this.messages[said.conversation_id] ?? [];
    const at = list.findIndex(({ id }) => id === said.id);
    this.messages[said.conversation_id] = at < 0 ? [...list, said] : list.with(at, said);
    this.emit({ type: "message", message: said });
  }

  #stream(conversationId: string): string {
    const id = crypto.randomUUID();
    this.#say(message({ id, conversation_id: conversationId, author: "they", status: "streaming", created_ms: Date.now() }));
    const words = [...reasoning.split(/(?<= )/).map((text) => ({ block: 0, text })), ...answer.split(/(?<= )/).map((text) => ({ block: 1, text }))];
    const timer = setInterval(() => {
      const word = words.shift();
      if (word === undefined) return this.#finish(conversationId, "complete");
      const { block, text } = word;
      const list = this.messages[conversationId] ?? [];
      const last = list.at(-1);
      const before = last?.blocks[block];
      const old = before?.type === "text" || before?.type === "thinking" ? before.text : "";
      const grown = block === 0 ? { type: "thinking" as const, text: old + text, ms: null } : { type: "text" as const, text: old + text };
      if (last !== undefined) this.messages[conversationId] = [...list.slice(0, -1), { ...last, blocks: [...last.blocks.slice(0, block), grown] }];
      this.emit({ type: "delta", conversation_id: conversationId, message_id: id, block, delta: block === 0 ? { type: "thinking", text } : { type: "text", text } });
    }, this.#pace);
    this.#streams.set(conversationId, timer);
    return id;
  }

  #finish(id: string, status: "complete" | "stopped"): void {
    clearInterval(this.#streams.get(id));
    this.#streams.delete(id);
    const last = this.messages[id]?.at(-1);
    if (last?.status !== "streaming") return;
    const blocks = last.blocks.map((block) => (block.type === "thinking" ? { ...block, ms: 4200 } : block));
    this.#say({ ...last, blocks, status, figures: { input_tokens: 120, output_tokens: 318, first_word_ms: 640, left_out: null } });
    this.emit({ type: "answers_ended", conversation_id: id });
  }

  #change(id: string, part: Partial<Snapshot["providers"][number]>): Snapshot["providers"][number] {
    this.snapshot.providers = this.snapshot.providers.map((provider) => (provider.id === id ? { ...provider, ...part } : provider));
    this.#providers();
    const changed = this.snapshot.providers.find((provider) => provider.id === id);
    if (changed === undefined) throw this.#error("gone");
    return changed;
  }

  #providers(): void {
    this.emit({ type: "providers", providers: this.snapshot.providers, keyring: this.snapshot.keyring });
  }

  #show(state: VoiceState, part: Partial<VoiceView> = {}): VoiceView {
    for (const timer of this.#voice) clearTimeout(timer);
    this.#voice = [];
    this.snapshot.voice = { ...this.snapshot.voice, state, for_ms: 0, kept: null, ...part };
    this.emit({ type: "voice", voice: this.snapshot.voice });
    return this.snapshot.voice;
  }

  #later(ms: number, then: () => void): void {
    this.#voice.push(setTimeout(then, ms));
  }

  #talk(down: boolean): VoiceView {
    if (!down) return this.#think();
    const voice = this.#show("connecting", { in_call: true });
    this.#later(150, () => {
      this.#show("listening");
      this.#later(400, () => this.#show("hearing"));
    });
    return voice;
  }

  #think(): VoiceView {
    const voice = this.#show("thinking");
    this.#later(700, () => {
      this.#show("speaking");
      this.#later(2500, () => this.#show("idle"));
    });
    return voice;
  }

  #error(code: ErrorCode): ErrorBody {
    return { code, provider: "OpenAI", host: "api.openai.com", model: null, status: null, seconds: null, details: null, why: null, near: [], retry_at_ms: null };
  }
}
