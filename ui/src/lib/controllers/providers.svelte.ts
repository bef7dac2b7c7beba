/**
 * Keys and servers: saving, testing, forgetting. A key passes through and is kept nowhere here.
 */
import { SvelteMap } from "svelte/reactivity";
import type { Client } from "../ipc/client";
import type { ErrorBody, KeepKey, ProviderTested, ProviderView, SaveProvider, ServiceView } from "../ipc/generated";

export type Test =
  | { kind: "running" }
  | ({ kind: "works" } & ProviderTested)
  | { kind: "failed"; error: ErrorBody };

export type KeyOutcome =
  | { kind: "works"; models: readonly string[] }
  /** Kept, but the server refused it or could not be asked. */
  | { kind: "untested"; error: ErrorBody }
  /** Not kept. */
  | { kind: "refused"; error: ErrorBody };

export class ProvidersController {
  /** What the last test of each provider gave. */
  readonly tests = new SvelteMap<string, Test>();
  #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Has the engine keep a key. `null` when it has it: from then on the window needs it no more. */
  async setKey(provider: ProviderView, key: string, keep: KeepKey, plainHttp: "agreed" | "not asked"): Promise<ErrorBody | null> {
    const allow_plain_http = plainHttp === "agreed";
    return this.#failure(this.#client.call("set_key", { provider: provider.id, key, keep, allow_plain_http }), provider.id);
  }

  /**
   * Proves a key that was just set, and chooses a model where none is chosen. A key the provider refuses is forgotten
   * again, unless it took the place of another: then there is nothing to go back to, and it is only said.
   */
  async prove(provider: ProviderView): Promise<KeyOutcome> {
    const test = await this.test(provider.id);
    if (test.kind === "works") {
      if (provider.model === "") await this.#chooseFirst(provider, test.models);
      return { kind: "works", models: test.models };
    }
    if (test.kind === "failed" && test.error.code === "key_refused" && provider.key === "missing") {
      await this.forget(provider.id);
      return { kind: "refused", error: test.error };
    }
    return test.kind === "failed" ? { kind: "untested", error: test.error } : { kind: "works", models: [] };
  }

  async test(id: string): Promise<Test> {
    this.tests.set(id, { kind: "running" });
    const test = await this.#client.call("test_provider", { id }).then(
      (tested): Test => ({ kind: "works", ...tested }),
      (error: ErrorBody): Test => ({ kind: "failed", error }),
    );
    this.tests.set(id, test);
    return test;
  }

  async forget(id: string): Promise<ErrorBody | null> {
    return this.#failure(this.#client.call("forget_key", { id }), id);
  }

  /** The services that can be added by their names; none when the engine cannot be asked. */
  async services(): Promise<readonly ServiceView[]> {
    return this.#client.call("known_services", {}).catch(() => []);
  }

  async save(provider: SaveProvider): Promise<ErrorBody | null> {
    return this.#failure(this.#client.call("save_provider", provider), provider.id);
  }

  async remove(id: string): Promise<ErrorBody | null> {
    return this.#failure(this.#client.call("remove_provider", { id }), id);
  }

  /** New conversations are answered by `model` of this provider from now on. */
  async use({ id }: ProviderView, model: string): Promise<ErrorBody | null> {
    const choice = { provider: id, model };
    return this.#failure(this.#client.call("choose_model", { conversation_id: null, choice }), null);
  }

  async #chooseFirst(provider: ProviderView, models: readonly string[]): Promise<void> {
    const model = preferred(models);
    if (model !== undefined) await this.use(provider, model);
  }

  /** What is known about `outdated` counts no more once it was changed. */
  async #failure(work: Promise<unknown>, outdated: string | null): Promise<ErrorBody | null> {
    try {
      await work;
      if (outdated !== null) this.tests.delete(outdated);
      return null;
    } catch (error) {
      return error as ErrorBody;
    }
  }
}

/** A list holds models for pictures, speech and embedding too: the first that sounds like one to chat with. */
export function preferred(models: readonly string[]): string | undefined {
  const other = /embed|whisper|tts|dall-e|image|audio|realtime|moderation|transcribe|sora|davinci|babbage|search/i;
  const chat = models.filter((model) => !other.test(model));
  return chat.find((model) => /^gpt-\d/.test(model)) ?? chat[0] ?? models[0];
}

/** An id for an added server, from its name: letters, digits and hyphens, not taken yet. */
export function idFor(name: string, taken: readonly string[]): string {
  const base = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 32) || "server";
  let id = base;
  for (let n = 2; taken.includes(id); n += 1) id = `${base}-${n}`;
  return id;
}
