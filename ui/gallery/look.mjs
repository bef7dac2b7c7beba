/**
 * Looks at the window: draws every scene at three widths, light and dark, in both languages, with the scripted engine in
 * Debian's chromium, leaves the pictures in artefacts/ui, and lets axe-core judge each page. Ends with 1 when axe finds
 * anything or a page is wider than its window.
 *
 *   npm run look                     everything
 *   npm run look -- settings 420     scenes and widths whose names hold these words
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createServer } from "vite";

const run = promisify(execFile);
const here = fileURLToPath(new URL("..", import.meta.url));
const out = join(here, "../artefacts/ui");
const scenes = { ...JSON.parse(await readFile(join(here, "gallery/scenes.json"), "utf8")), gallery: null };
const sizes = [[420, 900], [900, 1000], [1600, 1100]];
const looks = [["light", "en"], ["dark", "zh-CN"]];
const wanted = process.argv.slice(2);

const server = await createServer({ root: here, configFile: join(here, "vite.config.ts"), server: { port: 1421, strictPort: true }, logLevel: "error" });
await server.listen();
await mkdir(out, { recursive: true });
const profile = await mkdtemp(join(tmpdir(), "look-"));
let bad = 0;
try {
  for (const [name, query] of Object.entries(scenes)) {
    for (const [width, height] of sizes) {
      for (const [theme, language] of looks) {
        const title = `${name} ${width} ${theme}`.replaceAll(" ", "-");
        if (!wanted.every((word) => title.includes(word))) continue;
        bad += await look(title, query === null ? `gallery.html?theme=${theme}&language=${language}` : `?${query}&theme=${theme}&language=${language}`, width, query === null ? 5200 : height);
      }
    }
  }
} finally {
  await server.close();
  await rm(profile, { recursive: true, force: true });
}
console.log(bad === 0 ? `all well; pictures are in ${out}` : `${bad} findings; pictures are in ${out}`);
process.exit(bad === 0 ? 0 : 1);

async function look(title, path, width, height) {
  const flags = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--force-device-scale-factor=1", `--user-data-dir=${profile}`, "--virtual-time-budget=6000", `--window-size=${width},${height}`,
  ];
  const url = `http://127.0.0.1:1421/${path}`;
  await run("chromium", [...flags, `--screenshot=${join(out, `${title}.png`)}`, url], { timeout: 60_000 });
  const { stdout } = await run("chromium", [...flags, "--dump-dom", `${url}&axe=1`], { timeout: 60_000, maxBuffer: 64 << 20 });
  const found = /<script type="application\/json" id="findings">([\s\S]*?)<\/script>/.exec(stdout)?.[1];
  const findings = found === undefined ? ["the page did not finish"] : JSON.parse(found.replaceAll("&lt;", "<").replaceAll("&amp;", "&"));
  for (const finding of findings) console.log(`${title}: ${finding}`);
  return findings.length;
}
