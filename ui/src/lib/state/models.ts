/**
 * What the model picker shows: groups, filters and the search. Pure.
 */
import type { Mark, ModelChoice, ModelListView, ModelView, ProviderView } from "../ipc/generated";
import type { AppState } from "./app";

/** What a model must have to be shown. */
export type Filter = "reasoning" | "images" | "audio" | "tools" | "local";

/** How one talks with a model: with its own voice, or by writing. */
export type Way = "direct" | "text";

export interface Option {
  provider: ProviderView;
  id: string;
  /** What is known of it, `null` for an id that nobody lists. */
  model: ModelView | null;
  /** An id as it was typed, to be used at this provider. */
  kind: "listed" | "typed";
  way: Way;
}

export interface Group {
  id: "favourites" | Way;
  options: readonly Option[];
}

/** What of a provider's list is not shown. */
export interface Rest {
  /** Fitting models beyond those that are shown. */
  more: number;
  /** Models that do something else. */
  hidden: number;
}

export interface Wish {
  query: string;
  filters: ReadonlySet<Filter>;
  favourites: readonly ModelChoice[];
  /** Without a network only this computer's models can be asked. */
  network: "online" | "offline";
  ways: readonly Way[];
}

/** Echo, which is no provider of the settings: it answers with your own voice. */
export const echo: Option = {
  provider: { id: "builtin", name: "", base_url: "", host: "", local: true, model: "echo", builtin: true, voices: [], key: "missing" },
  id: "Echo",
  model: null,
  kind: "listed",
  way: "direct",
};

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

/** Whether one can talk with a provider's model directly. */
function talks(provider: ProviderView, model: ModelView | null): boolean {
  return provider.voices !== null && hasMark(model, "realtime");
}

/** Favourites first, then those one talks with directly, then those one writes to; each by provider, without a network this computer's first. */
export function groups(providers: readonly ProviderView[], lists: ReadonlyMap<string, ModelListView>, wish: Wish): Group[] {
  const ordered = wish.network === "online" ? providers : [...providers.filter(({ local }) => local), ...providers.filter(({ local }) => !local)];
  const fits = fitting(wish);

  const own = wish.ways.map((way): Group => {
    const known = ordered.flatMap((provider) => knownOf(provider, lists.get(provider.id), way).filter(fits).slice(0, shownEach));
    const unknown = ordered.filter((provider) => isNew(wish, provider, lists.get(provider.id))).flatMap((provider) => typed(wish, provider, way));
    return { id: way, options: [...known, ...(way === "direct" && fits(echo) ? [echo] : []), ...unknown] };
  });

  const favourites = wish.favourites.flatMap(({ provider: id, model: name }): Option[] => {
    const provider = ordered.find((known) => known.id === id);
    if (provider === undefined) return [];
    const model = lists.get(id)?.models.find((known) => known.id === name) ?? null;
    const way = talks(provider, model) ? "direct" : "text";
    return wish.ways.includes(way) ? [{ provider, id: name, model, kind: "listed", way }] : [];
  });
  return [{ id: "favourites" as const, options: favourites.filter(fits) }, ...own].filter(({ options }) => options.length > 0);
}

/** What of each provider's list is not among the groups. */
export function restOf(provider: ProviderView, list: ModelListView, wish: Wish): Rest {
  const known = wish.ways.map((way) => knownOf(provider, list, way));
  const shown = new Set(known.flat().map(({ id }) => id));
  const more = known.map((options) => Math.max(0, options.filter(fitting(wish)).length - shownEach)).reduce((sum, count) => sum + count, 0);
  return { more, hidden: list.models.filter(({ id }) => !shown.has(id)).length };
}

function fitting({ query, filters }: Wish): (option: Option) => boolean {
  const words = query.trim().toLowerCase().split(/\s+/).filter((word) => word !== "");
  return ({ provider, id, model }) =>
    words.every((word) => `${id} ${model?.name ?? ""} ${provider.name}`.toLowerCase().includes(word)) &&
    [...filters].every((filter) => (filter === "local" ? provider.local : hasMark(model, filter)));
}

function knownOf(provider: ProviderView, list: ModelListView | undefined, way: Way): Option[] {
  const listed = list?.models ?? [];
  const option = (id: string, model: ModelView | null): Option => ({ provider, id, model, kind: "listed", way });
  if (way === "direct") return listed.filter((model) => talks(provider, model)).map((model) => option(model.id, model));
  const chats = listed.filter((model) => model.may_chat || model.id === provider.model).map((model) => option(model.id, model));
  const unlisted = provider.model !== "" && !chats.some(({ id }) => id === provider.model);
  return unlisted ? [option(provider.model, null), ...chats] : chats;
}

/** Whether what is typed may be the id of a model that the provider does not list. */
function isNew({ query }: Wish, provider: ProviderView, list: ModelListView | undefined): boolean {
  const id = query.trim();
  return id !== "" && !/\s/.test(id) && provider.model !== id && list?.models.some((model) => model.id === id) !== true;
}

/** A typed id, to be written to, or talked with where nothing else is chosen from. */
function typed({ query, ways }: Wish, provider: ProviderView, way: Way): Option[] {
  const here = ways.includes("text") ? way === "text" : provider.voices !== null;
  return here ? [{ provider, id: query.trim(), model: null, kind: "typed", way }] : [];
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
