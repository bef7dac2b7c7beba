/**
 * What the model picker shows: groups, filters and the search. Pure.
 */
import type { Mark, ModelChoice, ModelListView, ModelView, ProviderView } from "../ipc/generated";
import type { AppState } from "./app";

/** What a model must have to be shown. */
export type Filter = "reasoning" | "images" | "audio" | "tools" | "local";

export interface Option {
  provider: ProviderView;
  id: string;
  /** What is known of it, `null` for an id that nobody lists. */
  model: ModelView | null;
  /** An id as it was typed, to be used at this provider. */
  kind: "listed" | "typed";
}

export interface Group {
  /** A provider's id, or `favourites`. */
  id: string;
  provider: ProviderView | null;
  options: readonly Option[];
  /** Fitting models beyond those that are shown. */
  more: number;
  /** Models that do not answer messages. */
  hidden: number;
}

export interface Wish {
  query: string;
  filters: ReadonlySet<Filter>;
  favourites: readonly ModelChoice[];
  /** Without a network only this computer's models can be asked. */
  network: "online" | "offline";
}

/** So many of each provider are shown; the search finds the others. */
export const shownEach = 100;

export function sameChoice(one: ModelChoice | null, other: ModelChoice | null): boolean {
  return one !== null && other !== null && one.provider === other.provider && one.model === other.model;
}

/** The model of new conversations: the default one, else the chosen provider's last one. */
export function usualChoice({ settings, providers }: Pick<AppState, "settings" | "providers">): ModelChoice | null {
  const chat = settings.defaults.chat;
  if (chat !== null && providers.some(({ id }) => id === chat.provider)) return chat;
  const provider = providers.find(({ id }) => id === settings.provider);
  return provider === undefined || provider.model === "" ? null : { provider: provider.id, model: provider.model };
}

export function choiceOf({ provider, id }: Option): ModelChoice {
  return { provider: provider.id, model: id };
}

/** Favourites first, then each provider; without a network this computer's first. */
export function groups(providers: readonly ProviderView[], lists: ReadonlyMap<string, ModelListView>, wish: Wish): Group[] {
  const words = wish.query.trim().toLowerCase().split(/\s+/).filter((word) => word !== "");
  const fits = (option: Option) =>
    words.every((word) => `${option.id} ${option.model?.name ?? ""} ${option.provider.name}`.toLowerCase().includes(word)) &&
    [...wish.filters].every((filter) => (filter === "local" ? option.provider.local : hasMark(option.model, filter)));
  const ordered = wish.network === "online" ? providers : [...providers.filter(({ local }) => local), ...providers.filter(({ local }) => !local)];

  const own = ordered.map((provider): Group => {
    const listed = lists.get(provider.id)?.models ?? [];
    const chats = listed.filter((model) => model.may_chat || model.id === provider.model);
    const known: Option[] = chats.map((model) => ({ provider, id: model.id, model, kind: "listed" }));
    if (provider.model !== "" && !chats.some(({ id }) => id === provider.model)) known.unshift({ provider, id: provider.model, model: null, kind: "listed" });
    const fitting = known.filter(fits);
    const options = fitting.slice(0, shownEach);
    const typed = wish.query.trim();
    if (typed !== "" && !/\s/.test(typed) && !listed.some(({ id }) => id === typed) && provider.model !== typed) options.push({ provider, id: typed, model: null, kind: "typed" });
    return { id: provider.id, provider, options, more: Math.max(0, fitting.length - shownEach), hidden: listed.length - chats.length };
  });

  const favourites = wish.favourites.flatMap(({ provider: id, model }): Option[] => {
    const provider = ordered.find((known) => known.id === id);
    if (provider === undefined) return [];
    return [{ provider, id: model, model: lists.get(id)?.models.find((known) => known.id === model) ?? null, kind: "listed" }];
  });
  const first: Group = { id: "favourites", provider: null, options: favourites.filter(fits), more: 0, hidden: 0 };
  return first.options.length > 0 ? [first, ...own] : own;
}

function hasMark(model: ModelView | null, mark: Mark): boolean {
  return model?.marks.includes(mark) === true;
}

/** Whether any of these models has a price: without one the column would be a row of dashes. */
export function anyPrice(shown: readonly Group[]): boolean {
  return shown.some(({ options }) => options.some(({ model }) => model?.price != null));
}

/** What stands after `@` for a model: its id without what comes before the last stroke. */
export function handle(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

/** Who can be addressed in a message, each under the name after its `@`; of two with the same name the first one counts. */
export function addressable(providers: readonly ProviderView[], lists: ReadonlyMap<string, ModelListView>, favourites: readonly ModelChoice[]): Map<string, ModelChoice> {
  const all = new Map<string, ModelChoice>();
  const add = (choice: ModelChoice) => {
    const name = handle(choice.model);
    if (name !== "" && !/\s/.test(name) && !all.has(name)) all.set(name, choice);
  };
  favourites.forEach(add);
  for (const { id, model, local, key } of providers) {
    if (model !== "" && (local || key !== "missing")) add({ provider: id, model });
  }
  for (const { id, local, key } of providers) {
    if (!local && key === "missing") continue;
    for (const model of lists.get(id)?.models ?? []) if (model.may_chat) add({ provider: id, model: model.id });
  }
  return all;
}
