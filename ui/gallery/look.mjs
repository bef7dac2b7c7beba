/**
 * Looks at the window: draws every scene at three widths, light and dark, in both languages, with the scripted engine in
 * Debian's chromium, leaves the pictures in artefacts/ui, and lets axe-core judge each page. Ends with 1 when axe finds
 * anything or a page is wider than its window.
 *
 *   npm run look                     everything
 *   npm run look -- settings 420     pictures whose names hold these words: settings-420-dark-zh-CN
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { Browser } from "./browser.mjs";

const here = fileURLToPath(new URL("..", import.meta.url));
const out = join(here, "../artefacts/ui");
const port = 1421;
const scenes = { ...JSON.parse(await readFile(join(here, "gallery/scenes.json"), "utf8")), gallery: null };
const sizes = [[420, 900], [900, 1000], [1600, 1100]];
const galleryHeight = 5200;
const looks = ["light", "dark"].flatMap((theme) => ["en", "zh-CN"].map((language) => ({ theme, language })));
const wanted = process.argv.slice(2);

const server = await createServer({ root: here, configFile: join(here, "vite.config.ts"), server: { port, strictPort: true, hmr: false }, logLevel: "error" });
await server.listen();
await mkdir(out, { recursive: true });
const browser = await Browser.start();
let drawn = 0;
let bad = 0;
try {
  for (const [name, query] of Object.entries(scenes)) {
    for (const { theme, language } of looks) {
      const titled = sizes.map(([width, height]) => ({ width, height: query === null ? galleryHeight : height, title: `${name} ${width} ${theme} ${language}`.replaceAll(" ", "-") }));
      const views = titled.filter(({ title }) => wanted.every((word) => title.includes(word)));
      if (views.length > 0) await look(query === null ? "gallery.html?" : `?${query}&`, theme, language, views);
    }
  }
} finally {
  await browser.stop();
  await server.close();
}
console.log(`${drawn} pictures are in ${out}, ${bad === 0 ? "all well" : `${bad} findings`}`);
process.exit(bad === 0 ? 0 : 1);

/** Opens a scene once and draws it at each width. */
async function look(path, theme, language, views) {
  const page = await browser.open(`http://127.0.0.1:${port}/${path}theme=${theme}&language=${language}`, views[0]);
  await page.until("document.documentElement?.dataset.arranged === 'yes'");
  for (const view of views) {
    await page.resize(view);
    const findings = await page.run(`import("/gallery/axe.ts").then(({ judgePage }) => judgePage())`);
    await writeFile(join(out, `${view.title}.png`), await page.picture());
    for (const finding of findings) console.log(`${view.title}: ${finding}`);
    [drawn, bad] = [drawn + 1, bad + findings.length];
  }
  await page.close();
}
