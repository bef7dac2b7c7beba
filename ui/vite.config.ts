import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [svelte()],
  resolve: {
    alias: { $lib: here("./src/lib"), $words: here("../assets/words") },
    // Without it vitest takes Svelte's server build, which cannot mount.
    ...(process.env.VITEST ? { conditions: ["browser"] } : {}),
  },
  clearScreen: false,
  server: { host: "127.0.0.1", fs: { allow: [here("."), here("../assets/words")] } },
  build: {
    // WebKitGTK of Debian 12 and WKWebView of macOS 13; Chromium's web view on Windows is newer.
    target: ["safari16.4", "chrome111"],
    // A data: URL would need a wider content security policy, and a polyfill would be an inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: here("./index.html") },
    chunkSizeWarningLimit: 700,
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts"],
    restoreMocks: true,
  },
});
