import { describe, expect, it } from "vitest";
import { holderOf, order, type Holder, type KeyPress, type Order } from "./shortcuts";

const press = (key: string, part: Partial<KeyPress> = {}): KeyPress => ({
  key, code: key === " " ? "Space" : `Key${key.toUpperCase()}`, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...part,
});

describe("the keyboard of the window", () => {
  it.each<[string, KeyPress, Holder, Order | null]>([
    ["Space on the page talks", press(" "), "page", "talk"],
    ["Space on the talk key talks", press(" "), "talk key", "talk"],
    ["Space in a field is a space", press(" "), "field", null],
    ["Space on a button presses it", press(" "), "control", null],
    ["Ctrl Space belongs to input methods", press(" ", { ctrlKey: true }), "page", null],
    ["M on the page mutes", press("m"), "page", "mute"],
    ["M in a field is a letter", press("m"), "field", null],
    ["Ctrl K searches from a field too", press("k", { ctrlKey: true }), "field", "search"],
    ["⌘ K searches", press("k", { metaKey: true }), "page", "search"],
    ["Ctrl Alt K is someone else's", press("k", { ctrlKey: true, altKey: true }), "page", null],
    ["Ctrl Shift H hangs up", press("H", { ctrlKey: true, shiftKey: true }), "field", "hang_up"],
    ["Ctrl , opens the settings", press(",", { ctrlKey: true, code: "Comma" }), "page", "settings"],
    ["Shift Esc goes to the composer", press("Escape", { shiftKey: true, code: "Escape" }), "page", "composer"],
    ["? shows the keys", press("?", { shiftKey: true, code: "Slash" }), "page", "shortcuts"],
    ["? in a field is a question mark", press("?", { shiftKey: true, code: "Slash" }), "field", null],
    ["Ctrl / shows the keys from a field too", press("/", { ctrlKey: true, code: "Slash" }), "field", "shortcuts"],
    ["Ctrl + makes the text larger", press("+", { ctrlKey: true, shiftKey: true, code: "Equal" }), "field", "larger"],
    ["Ctrl − makes it smaller", press("-", { ctrlKey: true, code: "Minus" }), "page", "smaller"],
    ["Esc steps back", press("Escape", { code: "Escape" }), "field", "escape"],
    ["F6 goes to the next region", press("F6", { code: "F6" }), "field", "next_region"],
  ])("%s", (_, key, holder, expected) => {
    expect(order(key, holder)).toBe(expected);
  });

  it.each<[string, Holder]>([
    ["<textarea></textarea>", "field"],
    ["<input>", "field"],
    ["<select></select>", "field"],
    ["<button></button>", "control"],
    ["<button data-testid='talk-key'></button>", "talk key"],
    ["<div role='option' tabindex='0'></div>", "control"],
    ["<div tabindex='0'></div>", "page"],
  ])("%s is a %s", (html, holder) => {
    document.body.innerHTML = html;
    expect(holderOf(document.body.firstElementChild)).toBe(holder);
  });
});
