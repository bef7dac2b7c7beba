/**
 * The words of each language, and how a sentence is made of them (the rules are in assets/words/README.md).
 * Pure: the language is an argument. Components use `words.svelte.ts`, which knows the language in use.
 */
import en from "$words/en.json";
import zhCN from "$words/zh-CN.json";
import type { Language } from "../ipc/generated";

/** A language the window speaks, as a BCP 47 tag. */
export type Tongue = "en" | "zh-CN";

type EveryKey = keyof typeof en;
/** A key that stands for a whole sentence. */
export type WordKey = EveryKey extends infer K ? (K extends `${string}.one` | `${string}.other` ? never : K) : never;
/** A key with plural forms, without the form. */
export type PluralKey = EveryKey extends infer K ? (K extends `${infer Base}.other` ? Base : never) : never;

/** Values of parameters; what is absent, `null` or empty counts as not known. */
export type Params = Readonly<Record<string, string | number | null | undefined>>;

const dictionaries: Record<Tongue, Readonly<Record<EveryKey, string>>> = { en, "zh-CN": zhCN };

const fallbacks: Readonly<Record<string, WordKey>> = {
  provider: "error.default.provider",
  host: "error.default.host",
  model: "error.default.model",
};

export function sentence(tongue: Tongue, key: WordKey, params: Params = {}): string {
  return fill(tongue, dictionaries[tongue][key], params);
}

/** The form of `key` for `n`; `{n}` is written in the language's digits. */
export function plural(tongue: Tongue, key: PluralKey, n: number, params: Params = {}): string {
  const forms: Readonly<Record<string, string>> = dictionaries[tongue];
  const form = new Intl.PluralRules(tongue).select(n);
  const template = forms[`${key}.${form}`] ?? forms[`${key}.other`] ?? "";
  return fill(tongue, template, { ...params, n: n.toLocaleString(tongue) });
}

/** The language for a setting, given what the system prefers (`navigator.languages`). */
export function tongueFor(setting: Language, preferred: readonly string[]): Tongue {
  if (setting !== "system") return setting;
  for (const tag of preferred) {
    const language = tag.toLowerCase();
    if (language.startsWith("zh")) return "zh-CN";
    if (language.startsWith("en")) return "en";
  }
  return "en";
}

function fill(tongue: Tongue, template: string, params: Params): string {
  const known = (name: string): string | null => {
    const value = params[name];
    return value === undefined || value === null || value === "" ? null : String(value);
  };
  const value = (name: string): string => {
    const fallback = fallbacks[name];
    return known(name) ?? (fallback === undefined ? "" : dictionaries[tongue][fallback]);
  };
  return template
    .replace(/\[([^\]]*)\]/g, (_, part: string) => (names(part).every((name) => known(name) !== null) ? part : ""))
    .replace(/\{(\w+)\}/g, (_, name: string) => value(name));
}

/** The parameters a template names, in order. */
export function names(template: string): string[] {
  return [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
}
