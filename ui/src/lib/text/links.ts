/**
 * What a link in a text really is, before anything is done with it. The engine judges once more when it opens one.
 */
import { visible } from "./visible";

export type Link =
  | { kind: "web"; url: string; host: string }
  | { kind: "mail"; url: string; host: string }
  /** Not opened; `scheme` says why, as people read it. */
  | { kind: "refused"; scheme: string };

const longest = 8192;

export function judge(href: string): Link {
  const text = href.trim();
  if (text.length > longest) return { kind: "refused", scheme: "…" };
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return { kind: "refused", scheme: visible(text.slice(0, 40)) };
  }
  if (url.protocol === "mailto:") return { kind: "mail", url: url.href, host: visible(decode(url.pathname)) };
  if (url.protocol !== "https:" && url.protocol !== "http:") return { kind: "refused", scheme: visible(url.protocol) };
  if (url.host === "" || url.username !== "" || url.password !== "") return { kind: "refused", scheme: visible(url.host) };
  // `URL` gives the host in punycode, so that letters of another script cannot pose as Latin ones.
  return { kind: "web", url: url.href, host: url.host };
}

/** The host that the words of a link name, when it is another one than where the link leads. */
export function namesAnotherHost(words: string, link: Link): string | null {
  if (link.kind !== "web") return null;
  const named = /(?:https?:\/\/)?((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})/u.exec(words.trim())?.[1];
  if (named === undefined) return null;
  const host = hostOf(named);
  if (host === null) return null;
  const bare = (name: string) => name.replace(/^www\./, "").replace(/:\d+$/, "");
  return bare(host) === bare(link.host) ? null : visible(named);
}

function hostOf(name: string): string | null {
  try {
    return new URL(`https://${name}`).host;
  } catch {
    return null;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
