import { beforeEach, describe, expect, it, vi } from "vitest";
import { createClient } from "../ipc/client";
import { FakeEngine, notes } from "../ipc/fake";
import type { NoteSummary } from "../ipc/generated";
import { Navigation } from "./navigation.svelte";
import { NotesController } from "./notes.svelte";

let engine: FakeEngine;
let page: NotesController;
const said = (name: string) => engine.calls.filter((call) => call.name === name).map(({ payload }) => payload);
const text = (id: string) => engine.notes.kept.get(id)?.text;

beforeEach(async () => {
  engine = new FakeEngine({ notes: notes(Date.now()) });
  const client = createClient(engine);
  const navigation = new Navigation();
  page = new NotesController(client, navigation);
  navigation.onNote = (id) => void page.show(id);
  client.subscribe({ snapshot: () => undefined, event: (event) => page.event(event), lost: () => undefined });
  await page.show("balcony");
});

describe("a note", () => {
  it("is kept by itself after a pause, once, based on the version that was read", async () => {
    vi.useFakeTimers();
    page.open.write("# Balcony\n\na");
    page.open.write("# Balcony\n\nab");
    expect(page.open.keeping).toBe("changed");
    await vi.advanceTimersByTimeAsync(700);
    vi.useRealTimers();
    expect(said("note_save")).toEqual([{ id: "balcony", version: 1, text: "# Balcony\n\nab" }]);
    expect(page.open.keeping).toBe("kept");
  });

  it("that begins is kept as one note, however fast one types", async () => {
    page.create();
    page.open.write("M");
    const first = page.open.keep();
    page.open.write("Milk");
    await Promise.all([first, page.open.keep()]);
    await expect.poll(() => page.open.keeping).toBe("kept");
    expect([...engine.notes.kept.values()].filter(({ text }) => text.startsWith("M")).map(({ text }) => text)).toEqual(["Milk"]);
    expect(page.list).toHaveLength(5);
  });

  it("without a word is not kept", async () => {
    page.create();
    page.open.write("  \n");
    await page.open.keep();
    expect(said("note_save")).toEqual([]);
  });

  it("is kept before another one is shown, also while it is being written", async () => {
    page.open.write("one");
    void page.open.keep();
    page.open.write("one two");
    page.go("diary");
    await expect.poll(() => text("balcony")).toBe("one two");
    expect(page.open.id).toBe("diary");
    expect(page.open.text).toContain("Garden diary");
  });

  it("that could not be written stays as it was typed, and is written by the next try", async () => {
    engine.refusals.set("note_save", "disk_full");
    page.open.write("typed");
    await page.open.keep();
    expect([page.open.keeping, page.open.error?.code, page.open.text]).toEqual(["failed", "disk_full", "typed"]);
    await page.open.keep();
    expect([page.open.keeping, text("balcony")]).toEqual(["kept", "typed"]);
  });

  it("that someone else changes is read anew, unless it is being written", async () => {
    await engine.call("note_save", { id: "balcony", text: "theirs" });
    await expect.poll(() => page.open.text).toBe("theirs");
    page.open.write("mine");
    await engine.call("note_save", { id: "balcony", text: "theirs again" });
    await page.open.changedElsewhere();
    expect(page.open.text).toBe("mine");
  });

  it("taken away comes back by undoing, and what waited to be written does not", async () => {
    page.open.write("never wanted");
    let restore: (() => void) | undefined;
    await page.remove("balcony", (undo) => (restore = undo));
    expect(engine.notes.kept.has("balcony")).toBe(false);
    expect(page.open.phase).toBe("none");
    restore?.();
    await expect.poll(() => page.open.text).toContain("Measured with Ada");
  });
});

describe("a note changed on both sides", () => {
  beforeEach(async () => {
    page.open.write("mine");
    await engine.call("note_save", { id: "balcony", text: "theirs" });
    await page.open.keep();
  });

  it("shows both, and has overwritten neither", () => {
    expect([page.open.keeping, page.open.text, page.open.theirs?.text, text("balcony")]).toEqual(["conflict", "mine", "theirs", "theirs"]);
  });

  it.each([
    ["mine", ["mine"]],
    ["theirs", ["theirs"]],
    ["both", ["theirs", "mine"]],
  ] as const)("keeps %s as chosen", async (choice, kept) => {
    await page.open.settle(choice);
    const made = [...engine.notes.kept.values()].filter(({ text }) => text === "mine" || text === "theirs").map(({ text }) => text);
    expect(made).toEqual(kept);
    expect([page.open.keeping, page.open.id, page.open.text]).toEqual(["kept", "balcony", choice === "mine" ? "mine" : "theirs"]);
  });

  it("keeps both when the page is left without a choice", async () => {
    page.go("diary");
    await expect.poll(() => [...engine.notes.kept.values()].some(({ text }) => text === "mine")).toBe(true);
    expect(text("balcony")).toBe("theirs");
  });
});

describe("the search", () => {
  it("asks once after a pause in typing, and shows no answer to what was typed over", async () => {
    page.search("sun");
    page.search("sun railing");
    await expect.poll(() => page.found?.hits.length).toBeGreaterThan(1);
    expect(said("notes_search")).toMatchObject([{ query: "sun railing", mode: "hybrid" }]);
    page.search("");
    expect(page.found).toBeNull();
  });

  it("goes on being true when notes change", async () => {
    page.search("aubergine");
    await expect.poll(() => page.found?.hits.length).toBe(0);
    await engine.call("note_save", { text: "# Kitchen\n\nAubergine, garlic." });
    await expect.poll(() => page.found?.hits.length).toBe(1);
  });
});

describe("the list", () => {
  it("shows each note once when it moved while more was fetched", async () => {
    const line = (id: string): NoteSummary => ({ id, title: id, folder: "", tags: [], path: null, followed: false, by_model: false, updated_ms: 0, version: 1 });
    await expect.poll(() => page.list?.length).toBe(4);
    [page.list, page.total] = [["a", "balcony"].map(line), 4];
    await page.more();
    expect(page.list.filter(({ id }) => id === "balcony")).toHaveLength(1);
  });
});
