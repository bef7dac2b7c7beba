/**
 * The ways back from a history that cannot be opened: asks which there are, and takes one. What comes of it is opened at
 * the next start of Parlance.
 */
import type { Client } from "../ipc/client";
import type { ErrorBody, Rescued, RescueOptions } from "../ipc/generated";

export class RescueController {
  /** `null` until the engine has looked. */
  options = $state.raw<RescueOptions | null>(null);
  /** There is a history again. */
  rescued = $state.raw<Rescued | null>(null);
  error = $state.raw<ErrorBody | null>(null);
  /** One way is being taken; a second one must wait. */
  busy = $state(false);
  #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async look(): Promise<void> {
    const options = await this.#attempt(this.#client.call("rescue_options", {}));
    if (options !== null) this.options = options;
  }

  async restore(name: string): Promise<void> {
    await this.#take(() => this.#client.call("restore_backup", { name }));
  }

  async salvage(): Promise<void> {
    await this.#take(() => this.#client.call("salvage", {}));
  }

  async #take(way: () => Promise<Rescued>): Promise<void> {
    if (this.busy || this.rescued !== null) return;
    this.busy = true;
    this.rescued = await this.#attempt(way());
    this.busy = false;
  }

  async #attempt<T>(work: Promise<T>): Promise<T | null> {
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
