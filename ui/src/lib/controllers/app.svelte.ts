/**
 * The window's middle: follows the engine, holds what it says and hands it to the controllers of each part.
 */
import { createContext } from "svelte";
import type { Client } from "../ipc/client";
import type { AppEvent, ErrorBody, FilesTaken, ModelChoice, SettingsPatch, VoiceView } from "../ipc/generated";
import { fromSnapshot, reduce, withOlder, type AppState } from "../state/app";
import { addressable } from "../state/models";
import { actionsOf, type Action } from "./actions";
import { ComposerController } from "./composer.svelte";
import { Levels } from "./levels";
import { ModelsController } from "./models.svelte";
import { Navigation } from "./navigation.svelte";
import { NotesController } from "./notes.svelte";
import { ProvidersController } from "./providers.svelte";
import { Reading } from "./reading.svelte";
import { TalkController } from "./talk.svelte";
import { ThreadController } from "./thread.svelte";
import { Toasts } from "./toasts.svelte";

const [get, set] = createContext<AppController>();
/** The controller of this window, for components. */
export const useApp = get;
export const provideApp = set;

/** How many lines of the list are asked for at once. */
const page = 200;

export class AppController {
  state = $state.raw<AppState | null>(null);
  /** The engine does not answer at all. */
  unreachable = $state.raw<ErrorBody | null>(null);
  /** A call that failed and has no better place than the strip. */
  error = $state.raw<ErrorBody | null>(null);
  /** Grows when devices came or went. */
  devicesChanged = $state(0);
  /** When the talk key's state was told, on the page's clock. */
  voiceAt = $state(0);

  readonly client: Client;
  readonly navigation = new Navigation();
  readonly toasts = new Toasts();
  readonly levels = new Levels();
  readonly reading = new Reading();
  readonly thread: ThreadController;
  readonly composer: ComposerController;
  readonly talk: TalkController;
  readonly providers: ProvidersController;
  readonly models: ModelsController;
  readonly notes: NotesController;
  /** Everything that can be done by a key or from the palette. */
  readonly actions: readonly Action[];
  #unsubscribe: (() => void) | null = null;
  #loadingOlder = false;

  constructor(client: Client) {
    this.client = client;
    this.thread = new ThreadController(client);
    this.models = new ModelsController(client, () => this.state);
    this.composer = new ComposerController(client, this.navigation, this.thread, () => this.addressable);
    this.talk = new TalkController(client, () => this.state?.voice ?? null);
    this.providers = new ProvidersController(client);
    this.notes = new NotesController(client, this.navigation);
    this.actions = actionsOf(this);
    this.navigation.onNote = (id) => void this.notes.show(id);
    this.navigation.onConversation = (id) => {
      void this.thread.open(id);
      this.composer.error = null;
      this.talk.into(id);
    };
  }

  start(): void {
    this.#unsubscribe?.();
    this.unreachable = null;
    let first = true;
    this.#unsubscribe = this.client.subscribe({
      snapshot: (snapshot) => {
        this.state = fromSnapshot(snapshot);
        this.voiceAt = performance.now();
        this.unreachable = null;
        void this.models.open();
        const newest = snapshot.conversations[0];
        if (first && newest !== undefined && snapshot.trouble === null) this.navigation.openConversation(newest.id);
        else void this.thread.reopen();
        first = false;
      },
      event: (event, seq) => this.#event(event, seq),
      lost: (error) => {
        this.unreachable = error;
      },
    });
  }

  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  #event(event: AppEvent, seq: number): void {
    if (this.state === null) return;
    if (event.type === "level") {
      this.levels.set(event.input, event.output, performance.now());
      return;
    }
    const voiceBefore = this.state.voice;
    this.state = reduce(this.state, event);
    this.thread.event(event, seq);
    this.models.event(event);
    this.notes.event(event);
    if (event.type === "voice") this.#voiceChanged(voiceBefore, event.voice);
    if (event.type === "files_dropped") this.#dropped(event.taken);
    if (event.type === "devices_changed") this.devicesChanged += 1;
    if (event.type === "conversation_gone" && event.id === this.navigation.conversationId) {
      this.navigation.openConversation(null);
    }
    if (event.type === "answers_ended" && event.conversation_id === this.thread.id) {
      const ending = this.thread.last?.status === "complete" ? "whole" : "broken";
      void this.composer.answerEnded(event.conversation_id, ending);
    }
  }

  /** Files go with the message on the page; where none is written they are not wanted. */
  #dropped(taken: FilesTaken): void {
    if (this.navigation.page.kind === "conversation") return this.composer.take(taken);
    for (const { id } of taken.files) void this.attempt(this.client.call("forget_file", { id }));
  }

  /** The model that answers on this page. */
  get answerer(): ModelChoice | null {
    return (this.navigation.conversationId === null ? null : this.thread.model) ?? this.models.usual;
  }

  /** Who can be addressed in a message, by the name after its `@`. */
  readonly addressable = $derived.by(() => addressable(this.state?.providers ?? [], this.models.lists, this.models.favourites));

  #voiceChanged(before: VoiceView, voice: VoiceView): void {
    if (before.state !== voice.state) this.levels.set(0, 0, performance.now());
    this.voiceAt = performance.now();
    // What is spoken into a new conversation gives it an id.
    const { page: here } = this.navigation;
    const began = voice.conversation_id !== null && voice.conversation_id !== before.conversation_id;
    if (began && here.kind === "conversation" && here.id === null) this.navigation.openConversation(voice.conversation_id);
  }

  async updateSettings(patch: SettingsPatch): Promise<void> {
    const settings = await this.attempt(this.client.call("update_settings", patch));
    if (settings !== null && this.state !== null) this.state = { ...this.state, settings };
  }

  async loadOlder(): Promise<void> {
    const state = this.state;
    if (state === null || this.#loadingOlder || state.conversations.length >= state.conversation_count) return;
    this.#loadingOlder = true;
    const offset = state.conversations.length;
    const lines = await this.attempt(this.client.call("list_conversations", { offset, limit: page }));
    if (lines !== null && this.state !== null) {
      this.state = withOlder(this.state, lines);
      // A count that no line stands for would be asked for again and again.
      if (lines.length === 0) this.state = { ...this.state, conversation_count: this.state.conversations.length };
    }
    this.#loadingOlder = false;
  }

  async rename(id: string, title: string): Promise<void> {
    const words = title.trim().slice(0, 200);
    if (words !== "") await this.attempt(this.client.call("rename_conversation", { id, title: words }));
  }

  async remove(id: string, deleted: string, undo: string): Promise<void> {
    const here = this.navigation.conversationId === id;
    if ((await this.attempt(this.client.call("delete_conversation", { id }))) === null) return;
    this.toasts.show({
      text: deleted,
      action: undo,
      run: () => {
        void this.attempt(this.client.call("undo_delete", { id })).then((summary) => {
          if (summary !== null && here) this.navigation.openConversation(id);
        });
      },
    });
  }

  /** The answer of a call, or `null` when it failed and the strip says so. */
  async attempt<T>(work: Promise<T>): Promise<T | null> {
    try {
      const answer = await work;
      this.error = null;
      return answer;
    } catch (error) {
      this.error = error as ErrorBody;
      return null;
    }
  }
}
