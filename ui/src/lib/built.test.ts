// @vitest-environment node
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const out = mkdtempSync(join(tmpdir(), "parlance-ui-"));
let files: { name: string; text: string }[] = [];

beforeAll(() => {
  // In a process of its own: this one runs in test mode, and would build the parts for development too.
  const { VITEST: _, NODE_ENV: __, ...env } = process.env;
  execFileSync(process.execPath, [join(root, "node_modules/vite/bin/vite.js"), "build", "--outDir", out, "--emptyOutDir", "--logLevel", "error"], { cwd: root, env });
  files = readdirSync(out, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(html|js|css)$/.test(name))
    .map((name) => ({ name, text: readFileSync(join(out, name), "utf8") }));
}, 60_000);
afterAll(() => rmSync(out, { recursive: true, force: true }));

const of = (ending: string) => files.filter(({ name }) => name.endsWith(ending));

describe("what is shipped", () => {
  it("keeps to the content security policy: no inline script or style element, no eval", () => {
    const page = of("index.html")[0]?.text ?? "";
    expect(page).toMatch(/<script type="module"[^>]* src="\/assets\//);
    expect(page).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>|<style|\son\w+=|javascript:|data:/);
    expect(of(".js").filter(({ text }) => /\beval\(|new Function\(/.test(text))).toHaveLength(0);
  });

  it("fetches nothing: every address in page and styles is its own", () => {
    for (const { text } of [...of(".html"), ...of(".css")]) expect(text.match(/https?:\/\/|url\((?!["']?#)|@import/g)).toBeNull();
  });

  it("holds no scripted engine, no gallery and no axe", () => {
    expect(of(".js").filter(({ text }) => /Two panels on the balcony|FakeEngine|axe-core/.test(text))).toHaveLength(0);
  });

  it("stays small: what every start reads, and all of it", () => {
    const bytes = (list: typeof files) => list.reduce((sum, { text }) => sum + text.length, 0);
    const page = of("index.html")[0]?.text ?? "";
    const begins = files.filter(({ name }) => page.includes(name.replaceAll("\\", "/")) || name.endsWith("index.html"));
    expect(begins.length).toBeGreaterThan(2);
    expect(bytes(begins)).toBeLessThan(490_000);
    expect(bytes(files)).toBeLessThan(1_000_000);
  });
});
