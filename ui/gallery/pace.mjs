/**
 * Counts frames while long answers are written into a fresh thread and into one of 5,000 messages, in Debian's chromium
 * with software rendering, beside a page that draws nothing. Prints a line each; judges nothing, since machines differ.
 *
 *   npm run pace                 everything
 *   npm run pace -- reasoning    runs whose names hold these words
 */
import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { Browser } from "./browser.mjs";

const here = fileURLToPath(new URL("..", import.meta.url));
const port = 1422;
/** 200 tokens a second of four characters each. */
const speed = 800;
const only = process.argv.slice(2);
const runs = [
  { name: "60 KB into a fresh thread", scene: "empty", kind: "text", characters: 60_000 },
  { name: "60 KB into 5,000 messages", scene: "5000", kind: "text", characters: 60_000 },
  { name: "200,000 characters of reasoning", scene: "empty", kind: "thinking", characters: 200_000, speed: 8_000 },
];

const server = await createServer({ root: here, configFile: fileURLToPath(new URL("../vite.config.ts", import.meta.url)), server: { port, strictPort: true, hmr: false }, logLevel: "error" });
await server.listen();
const browser = await Browser.start();
try {
  const bare = await browser.open("about:blank", { width: 1200, height: 900 });
  const counted = await bare.run(`new Promise((done) => { let n = 0; const from = performance.now(); const count = (now) => (n += 1, now - from < 3000 ? requestAnimationFrame(count) : done(n / (now - from) * 1000)); requestAnimationFrame(count); })`);
  console.log(`a bare page: ${counted.toFixed(1)} frames a second`);
  await bare.close();
  for (const run of runs.filter(({ name }) => only.every((word) => name.includes(word)))) {
    const page = await browser.open(`http://127.0.0.1:${port}/?scene=${run.scene}&language=en`, { width: 1200, height: 900 });
    await page.until("document.documentElement?.dataset.arranged === 'yes'");
    const { frames, seconds, longest } = await page.run(`globalThis.paced(${JSON.stringify(run.kind)}, ${run.characters}, ${run.speed ?? speed})`);
    const heap = await page.run("Math.round(performance.memory.usedJSHeapSize / 1e6)");
    console.log(`${run.name}: ${(frames / seconds).toFixed(1)} frames a second, longest wait ${longest} ms, ${heap} MB of script memory, ${seconds.toFixed(0)} s`);
    await page.close();
  }
} finally {
  await browser.stop();
  await server.close();
}
