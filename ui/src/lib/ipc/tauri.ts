/**
 * The app's transport. The only file that imports the Tauri API; used by `main.ts` alone.
 */
import { Channel, invoke, isTauri } from "@tauri-apps/api/core";
import type { EventBatch } from "./generated";
import type { Transport } from "./transport";

/** Whether this page runs inside the app. */
export const insideTheApp: () => boolean = isTauri;

export const tauriTransport: Transport = {
  call: (name, payload) => invoke("call", { name, payload }),
  subscribe(onBatch) {
    let open = true;
    const channel = new Channel<EventBatch>();
    channel.onmessage = (batch) => {
      if (open) onBatch(batch);
    };
    // A bridge that cannot subscribe cannot answer the first call either, and that failure is shown.
    invoke("subscribe", { channel }).catch(() => {
      open = false;
    });
    return () => {
      open = false;
    };
  },
};
