/**
 * The keyboard of the whole window. Pure decisions: which order a key means, given where the focus is; `Window.svelte`
 * carries orders out.
 */

export type Order =
  | "search"
  | "new"
  | "models"
  | "settings"
  | "shortcuts"
  | "larger"
  | "smaller"
  | "usual_size"
  | "sidebar"
  | "composer"
  | "copy_answer"
  | "copy_code"
  | "next_region"
  | "hang_up"
  | "mute"
  | "captions"
  | "send_now"
  | "talk"
  | "escape";

export interface KeyPress {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** What has the focus: a field keeps its letters, a control keeps Space and Enter. */
export type Holder = "field" | "control" | "talk key" | "page";

const mac = typeof navigator !== "undefined" && /mac/i.test(navigator.userAgent);

/** How a combination is written here: Ctrl K, or ⌘K. */
export function combination(letter: string): string {
  return mac ? `⌘${letter}` : `Ctrl ${letter}`;
}

/** The keys of each order, a list for each way to give it, as they are written here. */
export const keysOf: Readonly<Record<Order, readonly string[]>> = {
  talk: ["␣"],
  send_now: ["Enter"],
  escape: ["Esc"],
  mute: ["M"],
  captions: ["C"],
  hang_up: [combination(mac ? "⇧H" : "Shift H")],
  search: [combination("K")],
  new: [combination("N")],
  models: [combination("J")],
  settings: [combination(",")],
  shortcuts: ["?", combination("/")],
  sidebar: [combination(mac ? "⇧S" : "Shift S")],
  composer: ["Shift Esc"],
  copy_answer: [combination(mac ? "⇧C" : "Shift C")],
  copy_code: [combination(mac ? "⇧;" : "Shift ;")],
  next_region: ["F6"],
  larger: [combination("+")],
  smaller: [combination("−")],
  usual_size: [combination("0")],
};

export function order(press: KeyPress, holder: Holder): Order | null {
  const command = press.ctrlKey || press.metaKey;
  if (command && !press.altKey) {
    if (press.shiftKey) {
      if (press.code === "KeyS") return "sidebar";
      if (press.code === "KeyH") return "hang_up";
      if (press.code === "KeyC") return "copy_answer";
      if (press.code === "Semicolon") return "copy_code";
      // On many keyboards plus stands above another sign.
      return press.key === "+" ? "larger" : null;
    }
    if (press.code === "KeyK") return "search";
    if (press.code === "KeyN") return "new";
    if (press.code === "KeyJ") return "models";
    if (press.key === "/") return "shortcuts";
    if (press.key === "+" || press.key === "=") return "larger";
    if (press.key === "-") return "smaller";
    if (press.key === "0") return "usual_size";
    return press.key === "," ? "settings" : null;
  }
  if (press.altKey || command) return null;
  if (press.key === "F6") return "next_region";
  if (press.key === "Escape") return press.shiftKey ? "composer" : "escape";
  if (press.code === "Space" && !press.shiftKey) return holder === "page" || holder === "talk key" ? "talk" : null;
  if (press.key === "Enter" && !press.shiftKey && holder === "page") return "send_now";
  if (press.key === "?" && holder !== "field") return "shortcuts";
  if (press.key.toLowerCase() === "m" && !press.shiftKey && holder !== "field") return "mute";
  if (press.key.toLowerCase() === "c" && !press.shiftKey && holder !== "field") return "captions";
  return null;
}

/** What kind of element has the focus. */
export function holderOf(element: Element | null): Holder {
  if (element === null || element === document.body) return "page";
  if (element.matches("[data-testid=talk-key]")) return "talk key";
  if (element.matches("input:not([type=checkbox]), textarea, select, [contenteditable=true]")) return "field";
  if (element.matches("button, a[href], summary, input, [role=option], [role=listbox], [role=menuitem], [role=radio], [role=switch]")) return "control";
  return "page";
}
