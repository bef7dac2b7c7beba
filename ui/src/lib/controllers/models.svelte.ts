/**
 * Which models there are, which one answers where, and the favourites.
 */
import { SvelteMap } from "svelte/reactivity";
import type { Client } from "../ipc/client";
import type { AppEvent, ErrorBody, ModelChoice, ModelListView } from "../ipc/generated";
import type { AppState } from "../state/app";
import { choiceOf, echo, sameChoice, usualChoice, type Option } from "../state/models";

export class ModelsController {
  /** By provider. */
  readonly lists = new SvelteMap<string, ModelListView>();
  #client: Client;
  #state: () => AppState | null;

  constructor(client: Client, state: () => AppState | null) {
    this.#client = client;
    this.#state = state;
  }

  /** Shows what is known at once; what is old is asked for by the engine and comes as events. */
  async open(): Promise<ErrorBody | null> {
    return this.#failure(async () => {
      for (const list of await this.#client.call("model_lists", {})) this.lists.set(list.provider, list);
    });
  }

  async refresh(id: string): Promise<ErrorBody | null> {
    return this.#failure(async () => void this.lists.set(id, await this.#client.call("refresh_models", { id })));
  }

  event(event: AppEvent): void {
    if (event.type === "models") this.lists.set(event.list.provider, event.list);
  }

  /** The model of new conversations. */
  get usual(): ModelChoice | null {
    const state = this.#state();
    return state === null ? null : usualChoice(state);
  }

  /** Answers with it from now on, in a conversation or in new ones (`null`). */
  async choose(choice: ModelChoice, conversation_id: string | null): Promise<ErrorBody | null> {
    return this.#failure(async () => void (await this.#client.call("choose_model", { conversation_id, choice })));
  }

  /** Who is talked with. */
  get talker(): ModelChoice | null {
    const chosen = this.#state()?.voice.with;
    if (chosen === undefined) return null;
    return chosen.provider === echo.provider.id ? choiceOf(echo) : { provider: chosen.provider, model: chosen.model };
  }

  /** Talks with a model from now on, in the voice before where that is the same provider's. */
  async talkWith(option: Option): Promise<ErrorBody | null> {
    const before = this.#state()?.settings.voice;
    const voice = before?.provider === option.provider.id ? before.voice : null;
    const choice = { provider: option.provider.id, model: option === echo ? echo.provider.model : option.id, voice: option === echo ? null : voice };
    return this.#failure(async () => void (await this.#client.call("update_settings", { voice: choice })));
  }

  get favourites(): readonly ModelChoice[] {
    return this.#state()?.settings.favourites ?? [];
  }

  isFavourite(choice: ModelChoice): boolean {
    return this.favourites.some((other) => sameChoice(other, choice));
  }

  async toggleFavourite(choice: ModelChoice): Promise<ErrorBody | null> {
    const rest = this.favourites.filter((other) => !sameChoice(other, choice));
    const favourites = rest.length < this.favourites.length ? rest : [...rest, choice];
    return this.#failure(async () => void (await this.#client.call("update_settings", { favourites })));
  }

  async #failure(work: () => Promise<void>): Promise<ErrorBody | null> {
    try {
      await work();
      return null;
    } catch (error) {
      return error as ErrorBody;
    }
  }
}
