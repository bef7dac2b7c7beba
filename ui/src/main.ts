/**
 * The window begins here: the engine's bridge inside the app, a scripted engine in a browser while developing.
 */
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import { mount } from "svelte";
import { AppController } from "$lib/controllers/app.svelte";
import { createClient } from "$lib/ipc/client";
import { insideTheApp, tauriTransport } from "$lib/ipc/tauri";
import type { Transport } from "$lib/ipc/transport";
import Window from "$lib/views/Window.svelte";

async function transport(): Promise<Transport> {
  if (import.meta.env.DEV && !insideTheApp()) {
    const { previewEngine } = await import("./preview");
    return previewEngine(new URLSearchParams(location.search));
  }
  return tauriTransport;
}

const target = document.getElementById("app");
if (target === null) throw new Error("BUG: index.html has no #app");

const app = new AppController(createClient(await transport()));
mount(Window, { target, props: { app } });
app.start();

if (import.meta.env.DEV) {
  const { arrange } = await import("./preview");
  void arrange(app, new URLSearchParams(location.search));
}
