/**
 * Chromium without a screen, told what to do through its own protocol on a pipe: one browser for all pictures.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-pipe"];
/** Nothing that is waited for takes longer, even on a busy machine. */
const patienceMs = 60_000;
const pollMs = 30;

export class Browser {
  #process;
  #profile;
  #next = 1;
  #waiting = new Map();

  static async start() {
    return new Browser(await mkdtemp(join(tmpdir(), "look-")));
  }

  constructor(profile) {
    this.#profile = profile;
    // The protocol reads its orders from descriptor 3 and answers on 4, each message ended by a zero byte.
    this.#process = spawn("chromium", [...flags, `--user-data-dir=${profile}`], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    let rest = "";
    this.#process.stdio[4].setEncoding("utf8").on("data", (text) => {
      const messages = (rest + text).split("\0");
      rest = messages.pop() ?? "";
      for (const message of messages) this.#answer(JSON.parse(message));
    });
    this.#process.on("error", (error) => this.#fail(error));
    this.#process.on("exit", () => this.#fail(new Error("chromium has ended")));
  }

  #answer({ id, error, result }) {
    const { resolve, reject } = this.#waiting.get(id) ?? {};
    this.#waiting.delete(id);
    if (error !== undefined) reject?.(new Error(error.message));
    else resolve?.(result);
  }

  #fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  send(method, params = {}, sessionId = undefined) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  async open(url, size) {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, targetId, sessionId);
    await page.resize(size);
    await page.send("Page.navigate", { url });
    return page;
  }

  async stop() {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill();
    await ended;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Page {
  constructor(browser, target, session) {
    this.browser = browser;
    this.target = target;
    this.session = session;
  }

  send(method, params = {}) {
    return this.browser.send(method, params, this.session);
  }

  /** The value of an expression, waited for when it is a promise. */
  async run(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  }

  async until(condition) {
    for (const begun = Date.now(); !(await this.run(condition)); ) {
      if (Date.now() - begun > patienceMs) throw new Error(`the page never has: ${condition}`);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** Makes the page so large, and waits until it is drawn and its movements (at most 240 ms) are over. */
  async resize({ width, height }) {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
    await this.run("new Promise((drawn) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(drawn)), 260)).then(() => null)");
  }

  async picture() {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    return Buffer.from(data, "base64");
  }

  close() {
    return this.browser.send("Target.closeTarget", { targetId: this.target });
  }
}
