// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, type AST } from "svelte/compiler";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => /\.(ts|svelte)$/.test(file) && !file.endsWith(".test.ts"));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const components = files.filter((file) => file.endsWith(".svelte"));

/** The files of ours that a file imports; types alone make no cycle at run time, and are left out. */
function importsOf(file: string): string[] {
  return [...read(file).matchAll(/^\s*(?:import|export)\s+(?!type\b)[^;]*?from\s+"([^"]+)"/gm)].flatMap(([, from = ""]) => {
    const path = from.startsWith("$lib/") ? join("lib", from.slice(5)) : from.startsWith(".") ? normalize(join(dirname(file), from)) : null;
    const found = path === null ? undefined : [path, `${path}.ts`].find((candidate) => files.includes(candidate));
    return found === undefined ? [] : [found];
  });
}

describe("the rooms of the window", () => {
  it("have no cycles of imports", () => {
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): string[] => {
      if (path.includes(file)) return file.endsWith(".svelte") && path.at(-1) === file ? [] : [[...path.slice(path.indexOf(file)), file].join(" → ")];
      if (done.has(file)) return [];
      const cycles = importsOf(file).flatMap((next) => visit(next, [...path, file]));
      done.add(file);
      return cycles;
    };
    // A component that draws itself (a list in a list) is its own only neighbour in a cycle; Markdown's three are one room.
    const markdown = /thread\/(Blocks|Inlines)\.svelte/;
    expect(files.flatMap((file) => visit(file, [])).filter((cycle) => !cycle.split(" → ").every((file) => markdown.test(file)))).toEqual([]);
  });

  it("speak to the shell in one file", () => {
    expect(files.filter((file) => read(file).includes("@tauri-apps/"))).toEqual(["lib/ipc/tauri.ts"]);
  });

  it.each([
    ["components/shared", /components\/(?!shared)|controllers|views|ipc|state/],
    ["text", /components|controllers|views|ipc|state/],
    ["state", /components\/(?!shared\/icons)|controllers|views/],
    ["ipc", /components|controllers|views|state|text/],
    ["controllers", /components|views/],
    ["components", /views/],
  ])("%s know nothing of the rooms above", (room, forbidden) => {
    const inside = files.filter((file) => file.startsWith(`lib/${room}/`));
    expect(inside.length).toBeGreaterThan(0);
    expect(inside.flatMap((file) => importsOf(file).filter((target) => forbidden.test(target)).map((target) => `${file} → ${target}`))).toEqual([]);
  });

  it("hold no file of more than 300 lines, generated ones aside", () => {
    const long = files.filter((file) => !file.endsWith("generated.ts") && read(file).split("\n").length > 300);
    expect(long).toEqual(["lib/ipc/fake/engine.ts"].filter((file) => long.includes(file)));
  });

  it("never turn words into markup", () => {
    expect(files.filter((file) => /\{@html|innerHTML|insertAdjacentHTML|outerHTML|DOMParser|document\.write/.test(read(file)))).toEqual([]);
  });
});

describe("components", () => {
  const spoken = /^(aria-label|aria-description|title|placeholder|alt|label)$/;
  const hasWords = (text: string) => /\p{L}{2,}/u.test(text.replace(/https?:\/\/\S+/g, ""));

  it.each(components.map((file) => [relative("lib", file), file]))("%s holds no words of its own", (_, file) => {
    const found: string[] = [];
    const walk = (node: unknown) => {
      if (Array.isArray(node)) return node.forEach(walk);
      if (typeof node !== "object" || node === null) return;
      const { type } = node as { type?: string };
      if (type === "Comment" || type === "StyleDirective") return;
      if (type === "Text" && hasWords((node as AST.Text).data)) found.push((node as AST.Text).data.trim());
      if (type === "Attribute") {
        const { name, value } = node as AST.Attribute;
        if (spoken.test(name) && Array.isArray(value)) for (const part of value) if (part.type === "Text" && hasWords(part.data)) found.push(part.data);
        return;
      }
      for (const [key, child] of Object.entries(node)) if (key !== "parent") walk(child);
    };
    walk(parse(read(file), { modern: true, filename: file }).fragment);
    expect(found).toEqual([]);
  });
});
