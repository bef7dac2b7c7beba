import { expect, test } from "vitest";
import { caps, hear } from "./hotkey";

const press = (code: string, ...held: ("ctrl" | "alt" | "shift" | "meta")[]) =>
  hear({ code, ctrlKey: held.includes("ctrl"), altKey: held.includes("alt"), shiftKey: held.includes("shift"), metaKey: held.includes("meta") });

test.each([
  [press("Space", "ctrl", "alt"), "Ctrl+Alt+Space"],
  [press("KeyT", "meta", "shift"), "Shift+Super+KeyT"],
  [press("F9"), "F9"],
  [press("Digit1", "alt"), "Alt+Digit1"],
])("a press becomes a hotkey", (heard, keys) => {
  expect(heard).toEqual({ is: "hotkey", keys });
});

test("modifiers alone wait for a key", () => {
  expect(press("ControlLeft", "ctrl")).toEqual({ is: "waiting" });
  expect(press("MetaRight", "meta")).toEqual({ is: "waiting" });
});

test("a key that every program needs is refused", () => {
  for (const heard of [press("KeyA"), press("Space"), press("KeyA", "shift"), press("Escape", "ctrl"), press("Tab", "alt")]) {
    expect(heard).toEqual({ is: "refused" });
  }
});

test("it reads as the caps on the keyboard", () => {
  expect(caps("Ctrl+Alt+KeyT")).toEqual(["Ctrl", "Alt", "T"]);
  expect(caps("Super+ArrowUp")).toEqual(["Super", "Up"]);
  expect(caps("Ctrl+Space")).toEqual(["Ctrl", "Space"]);
});
