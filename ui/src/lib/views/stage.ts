/**
 * The whole window in a page of vitest, on a scripted engine, and what every test of it asks. Never part of the app.
 */
import { flushSync, mount, tick, unmount } from "svelte";
import { AppController } from "../controllers/app.svelte";
import { createClient } from "../ipc/client";
import type { FakeEngine } from "../ipc/fake";
import Window from "./Window.svelte";

/** Opens the window; what it shows first may take a moment. */
export function show(engine: FakeEngine): { app: AppController; close: () => void } {
  const app = new AppController(createClient(engine));
  const window = mount(Window, { target: document.body, props: { app } });
  const close = () => {
    app.stop();
    void unmount(window);
  };
  app.start();
  return { app, close };
}

/** Waits until what has happened is on the page. */
export async function drawn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  flushSync();
  await tick();
}

export const all = (testid: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${testid}"]`)];

export const one = <E extends HTMLElement>(testid: string): E => {
  const found = document.querySelector<E>(`[data-testid="${testid}"]`);
  if (found === null) throw new Error(`nothing has the test id ${testid}`);
  return found;
};

/** Presses a key where the focus is. */
export const press = async (key: string, part: KeyboardEventInit = {}) => {
  (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...part }));
  await drawn();
};
