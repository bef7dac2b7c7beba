/**
 * Hotkeys as words: what was pressed, as the engine names it ("Ctrl+Alt+Space"), and back as people read it.
 */

/** Keys that only change what others do. */
const modifierCodes = /^(?:Control|Alt|Shift|Meta|OS)(?:Left|Right)?$/;
/** Keys that no text field wants, so they need no modifier. */
const functionKey = /^F(?:[1-9]|1[0-9]|2[0-4])$/;
/** Keys that can be registered, by their place on the keyboard. */
const plainKey = /^(?:Key[A-Z]|Digit[0-9]|Space|Enter|Insert|Home|End|PageUp|PageDown|Arrow(?:Up|Down|Left|Right)|Pause|ScrollLock)$/;

type Press = Pick<KeyboardEvent, "code" | "ctrlKey" | "altKey" | "shiftKey" | "metaKey">;

/** What a press came to: a hotkey, modifiers that wait for a key, or one that would take a key away from every program. */
export type Heard = { is: "hotkey"; keys: string } | { is: "waiting" } | { is: "refused" };

export function hear(press: Press): Heard {
  if (modifierCodes.test(press.code)) return { is: "waiting" };
  const held = [press.ctrlKey && "Ctrl", press.altKey && "Alt", press.shiftKey && "Shift", press.metaKey && "Super"].filter((name) => name !== false);
  // Shift alone makes a capital letter of it.
  const enough = held.some((name) => name !== "Shift") || functionKey.test(press.code);
  if (!enough || !(functionKey.test(press.code) || plainKey.test(press.code))) return { is: "refused" };
  return { is: "hotkey", keys: [...held, press.code].join("+") };
}

/** "Ctrl+Alt+KeyT" as the caps on a keyboard: Ctrl, Alt, T. */
export function caps(keys: string): string[] {
  return keys.split("+").map((part) => part.replace(/^(?:Key|Digit|Arrow)(?=.)/, ""));
}
