import { flushSync } from "svelte";
import { afterEach, describe, expect, it } from "vitest";
import type { AppController } from "../controllers/app.svelte";
import { FakeEngine, notes, samples, type FakeOptions } from "../ipc/fake";
import { all, drawn, one, press, show } from "./stage";

let engine: FakeEngine;
let app: AppController;
let close: () => void = () => {};

async function open(options: FakeOptions = {}) {
  engine = new FakeEngine({
    snapshot: { conversations: samples.summaries(Date.now()), conversation_count: 7, settings: { ...samples.defaultSettings, language: "en" } },
    messages: { panels: samples.thread() },
    notes: notes(Date.now()),
    ...options,
  });
  ({ app, close } = show(engine));
  await drawn();
  await drawn();
}
afterEach(() => {
  close();
  document.body.replaceChildren();
});

async function write(testid: string, text: string) {
  const field = one<HTMLInputElement>(testid);
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
  await drawn();
}

async function notesPage() {
  one("notes-open").click();
  await expect.poll(() => all("note").length).toBe(engine.notes.kept.size);
}

describe("the page of notes", () => {
  it("lists notes, opens one, and says how much meaning finds", async () => {
    await open();
    await notesPage();
    expect(one("coverage").textContent).toBe("204 of 210 passages searchable");
    all("note")[0]?.click();
    await expect.poll(() => document.querySelector("[data-testid=note-editor] h3")?.textContent).toBe("Balcony");
    expect(one("note-like").textContent).toContain("Garden diary 2025");
  });

  it("searches as one types; arrows go through the finds, and the passage is marked in the note", async () => {
    await open();
    await notesPage();
    one("notes-search").focus();
    await write("notes-search", "takes railing");
    await expect.poll(() => all("note-hit").length).toBe(2);
    expect([...document.querySelectorAll("[data-testid=note-hit] mark")].map(({ textContent }) => textContent)).toEqual(["Railing", "takes", "railing"]);
    expect(document.activeElement).toBe(one("notes-search"));
    await press("ArrowDown");
    await expect.poll(() => document.querySelector("[data-testid=note-passage]")?.textContent).toContain("Permission for panels");
    await press("ArrowUp");
    await expect.poll(() => document.querySelector("[data-testid=note-passage]")?.textContent).toContain("The lime tree takes the sun");
    await press("Escape");
    expect(all("note")).toHaveLength(4);
  });

  it("keeps what is written without being asked", async () => {
    await open();
    await notesPage();
    one("new-note").click();
    await drawn();
    await write("note-text", "# Shopping\n\nMilk");
    await expect.poll(() => one("note-kept").textContent, { timeout: 3000 }).toMatch(/^Saved \d\d:\d\d$/);
    await expect.poll(() => all("note").length).toBe(5);
    expect(document.querySelector("[data-testid=note][aria-current]")?.textContent).toContain("Shopping");
    // One goes on writing where one was.
    expect(one<HTMLTextAreaElement>("note-text").value).toContain("Milk");
  });

  it("does not let a note that follows a file be written", async () => {
    await open();
    await notesPage();
    document.querySelector<HTMLElement>("[data-id=photographs]")?.click();
    await expect.poll(() => one("note-editor").textContent).toContain("Follows /home/ada/Notes/photographs.md");
    expect(document.querySelector("[data-testid=note-look]")).toBeNull();
  });

  it("draws what a note holds as it would a model's words", async () => {
    await open({ notes: [{ id: "evil", updated_ms: 0, text: "# Evil\n\n<img src=x onerror=alert(1)> [x](javascript:alert(1))" }] });
    await notesPage();
    all("note")[0]?.click();
    await expect.poll(() => one("note-editor").textContent).toContain("<img src=x onerror=alert(1)>");
    expect(document.querySelector("[data-testid=note-editor] img, [data-testid=note-editor] a[href^=javascript]")).toBeNull();
  });

  it("tells how far an import is and accounts for every file", async () => {
    await open();
    await notesPage();
    const import_ = { path: "/home/ada/Vault", seen: 12, added: 8, changed: 1, same: 0, kept: 1, passed_over: 2, faults: [{ path: "b.md", why: "not_text" as const, details: "" }], faulty: 1, over: false };
    engine.emit({ type: "import_progress", import: import_ });
    await drawn();
    expect(one("import").textContent).toContain("Importing /home/ada/Vault: 12 files so far");
    engine.emit({ type: "import_progress", import: { ...import_, seen: 13, over: true } });
    await drawn();
    expect(one("import").textContent).toMatch(/8 new, 1 changed, 0 there already.*1 note that you changed was left.*2 files are no notes.*1 file could not be read.*It is no text/s);
  });

  it("never says that an import of nothing went well", async () => {
    await open();
    await notesPage();
    engine.emit({ type: "import_progress", import: { path: "/tmp/empty", seen: 3, added: 0, changed: 0, same: 0, kept: 0, passed_over: 3, faults: [], faulty: 0, over: true } });
    await drawn();
    expect(one("import").textContent).toContain("No notes were found in /tmp/empty.");
  });

  it("pauses the index and lets it go on", async () => {
    await open();
    await notesPage();
    one("index-pause").click();
    await expect.poll(() => one("index").dataset.state).toBe("paused");
    one("index-resume").click();
    await expect.poll(() => one("index").dataset.state).toBe("working");
  });

  it("begins with three ways to have notes", async () => {
    await open({ notes: [] });
    one("notes-open").click();
    await expect.poll(() => document.querySelector("[data-testid=empty-follow]")).not.toBeNull();
    one("empty-import").click();
    await drawn();
    expect(engine.calls.at(-1)).toEqual({ name: "import_notes", payload: { pick: "folder" } });
  });
});

describe("an answer", () => {
  it("is kept as a note, and the note opened", async () => {
    await open();
    await expect.poll(() => all("save-note").length).toBeGreaterThan(0);
    all("save-note")[0]?.click();
    await expect.poll(() => document.querySelector("[data-testid=toast]")?.textContent).toContain("Kept as a note.");
    one("undo").click();
    await expect.poll(() => document.querySelector("[data-testid=note-editor]")?.textContent).toContain("41 kWh");
    expect(app.navigation.page.kind).toBe("notes");
  });
});

describe("notes in the settings", () => {
  async function settings() {
    await open();
    app.navigation.openSettings("notes");
    await expect.poll(() => document.querySelector("[data-testid=followed-menu]")).not.toBeNull();
  }

  it("choose another model for meaning only when it is named and used", async () => {
    await settings();
    expect(document.querySelector("[data-testid=meaning-use]")).toBeNull();
    await write("meaning-model", "  ");
    expect(document.querySelector("[data-testid=meaning-use]")).toBeNull();
    await write("meaning-model", "bge-m3");
    one("meaning-use").click();
    await expect.poll(() => engine.calls.filter(({ name }) => name === "reindex_notes").map(({ payload }) => payload)).toEqual([{ provider: "ollama", model: "bge-m3" }]);
  });

  it("end the following of a folder, and its notes stay unless that is chosen", async () => {
    await settings();
    one("followed-menu").click();
    await drawn();
    one("unfollow-keep").click();
    await expect.poll(() => document.querySelector("[data-testid=followed-menu]")).toBeNull();
    expect(engine.calls.find(({ name }) => name === "unfollow_folder")?.payload).toEqual({ id: "vault", notes: "kept" });
  });
});

describe("a folder or tag", () => {
  it("is all that is listed and searched once it is chosen", async () => {
    await open();
    await notesPage();
    const shelf = one<HTMLSelectElement>("notes-shelf");
    shelf.value = "/Flat";
    shelf.dispatchEvent(new Event("change", { bubbles: true }));
    await expect.poll(() => all("note").map(({ dataset }) => dataset.id)).toEqual(["balcony", "landlord"]);
    await write("notes-search", "railing");
    await expect.poll(() => engine.calls.findLast(({ name }) => name === "notes_search")?.payload).toMatchObject({ query: "railing", folder: "Flat" });
  });
});
