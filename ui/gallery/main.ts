/**
 * The gallery: every part in every state on one page, for the development server only.
 */
import "../src/styles/tokens.css";
import "../src/styles/base.css";
import "../src/styles/controls.css";
import { mount } from "svelte";
import { AppController } from "$lib/controllers/app.svelte";
import { createClient } from "$lib/ipc/client";
import { FakeEngine, samples } from "$lib/ipc/fake";
import { tongueFor } from "$lib/words/words";
import { speak } from "$lib/words/words.svelte";
import Gallery from "./Gallery.svelte";

const query = new URLSearchParams(location.search);
const tongue = tongueFor(query.get("language") === "zh-CN" ? "zh-CN" : "en", []);
speak(tongue);
document.documentElement.lang = tongue;
document.documentElement.dataset.theme = query.get("theme") ?? "light";

const engine = new FakeEngine({ snapshot: { conversations: samples.summaries(Date.now()), conversation_count: 7 }, messages: { panels: samples.thread() } });
const app = new AppController(createClient(engine));
const target = document.getElementById("app");
if (target === null) throw new Error("BUG: gallery.html has no #app");
app.start();
mount(Gallery, { target, props: { app } });
document.documentElement.dataset.arranged = "yes";
