/**
 * Maths written in TeX, as a tree of what may be drawn. Temml reads it and is loaded when a text first holds maths; this
 * file is the allow-list of what comes out: MathML elements, plain attributes and a few measures. Whatever else a text
 * makes of it is not drawn, and its source is shown instead.
 */

/** `display`: on a line of its own. */
export type Look = "inline" | "display";

export interface MathElement {
  tag: string;
  attributes: Readonly<Record<string, string>>;
  /** Declarations for `style`, empty when there are none. */
  style: string;
  children: readonly (MathElement | string)[];
}

/** As much of Temml as is used. */
interface Reader {
  __renderToMathMLTree(tex: string, options: Record<string, unknown>): unknown;
}

/** Longer sources are shown as they are, in UTF-16 units: a formula is shorter, and reading more would hold the window up. */
const longest = 8_000;
/** Deeper nesting is not drawn. */
const deepest = 60;
/** How often macros may be put in place of others; Temml's own default is twice that. */
const mostExpansions = 500;
/** The largest measure a formula may ask for, in em and in points. */
const largest = [25, 300];
/** So many formulas are remembered: those of the pages in sight. */
const remembered = 1_000;

const tags = new Set(
  "math semantics annotation mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom msub msup msubsup munder mover munderover mmultiscripts mprescripts none mtable mtr mtd menclose merror".split(" "),
);
const attributes = new Set(
  ("accent accentunder columnalign columnspacing rowspacing columnlines rowlines depth height width display displaystyle fence form largeop linebreak linethickness lspace rspace " +
    "mathbackground mathcolor mathsize mathvariant maxsize minsize movablelimits notation scriptlevel separator stretchy symmetric voffset").split(" "),
);
const declarations =
  /^(?:color|background-color|width|min-width|height|vertical-align|text-align|margin(?:-left|-right|-top|-bottom)?|padding(?:-left|-right|-top|-bottom)?|border(?:-left|-right|-top|-bottom)?(?:-width|-style|-color)?|font-(?:size|style|weight)|math-(?:style|depth|shift)|white-space)$/;
/** Words, numbers and colours; nothing that could name an address. */
const plain = /^(?!.*(?:url|image|expression|var)\s*\()[-\w#%.,+() ]{1,120}$/i;

let reader: Reader | null = null;
const known = new Map<string, MathElement | null>();

/** Loads the reader; done once. */
export async function load(): Promise<void> {
  reader ??= (await import("temml")).default;
}

export function loaded(): boolean {
  return reader !== null;
}

/** The formula as a tree; `null` when it cannot be read, or holds what is not drawn. The reader has to be loaded. */
export function formula(tex: string, look: Look): MathElement | null {
  if (reader === null || tex.length > longest) return null;
  const key = `${look} ${tex}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const tree = read(reader, tex, look);
  if (known.size >= remembered) known.clear();
  known.set(key, tree);
  return tree;
}

function read({ __renderToMathMLTree: render }: Reader, tex: string, look: Look): MathElement | null {
  try {
    const options = { displayMode: look === "display", throwOnError: true, trust: false, strict: false, wrap: "none", annotate: false, maxExpand: mostExpansions, maxSize: largest };
    const [root, ...rest] = allowed([render(tex, options)], 0);
    return typeof root === "object" && root.tag === "math" && rest.length === 0 ? root : null;
  } catch {
    // Not TeX, or more of it than is wanted: the source says what was meant.
    return null;
  }
}

class NotAllowed extends Error {}

/** What may be drawn of these nodes. Throws at anything that is not on the list. */
function allowed(nodes: readonly unknown[], depth: number): (MathElement | string)[] {
  if (depth > deepest) throw new NotAllowed();
  return nodes.flatMap((node): (MathElement | string)[] => {
    if (typeof node !== "object" || node === null) throw new NotAllowed();
    if ("text" in node && typeof node.text === "string") return [node.text];
    if (!("children" in node) || !Array.isArray(node.children)) throw new NotAllowed();
    const children = allowed(node.children, depth + 1);
    if (!("type" in node)) return children;
    if (typeof node.type !== "string" || !tags.has(node.type)) throw new NotAllowed();
    const given = "attributes" in node ? entries(node.attributes) : [];
    const style = "style" in node ? entries(node.style) : [];
    return [{
      tag: node.type,
      attributes: Object.fromEntries([
        ...given.filter(([name, value]) => attributes.has(name) && (plain.test(value) || value === "")),
        ...classes(node),
      ]),
      style: [...style.map(([name, value]): [string, string] => [dashed(name), value]), ...inline(given)]
        .filter(([name, value]) => declarations.test(name) && plain.test(value))
        .map(([name, value]) => `${name}: ${value}`)
        .join("; "),
      children,
    }];
  });
}

function entries(part: unknown): [string, string][] {
  return typeof part === "object" && part !== null ? Object.entries(part).map(([name, value]) => [name, String(value)]) : [];
}

/** Temml's own classes, by which our style sheet knows what to draw differently. */
function classes(node: object): [string, string][] {
  const names = "classes" in node && Array.isArray(node.classes) ? node.classes.filter((name) => /^tml-[\w-]{1,30}$/.test(String(name))) : [];
  return names.length === 0 ? [] : [["class", names.join(" ")]];
}

/** The declarations of a `style` attribute. */
function inline(given: readonly [string, string][]): [string, string][] {
  const text = given.find(([name]) => name === "style")?.[1] ?? "";
  return text.split(";").flatMap((part): [string, string][] => {
    const [name, value] = part.split(":");
    return name === undefined || value === undefined ? [] : [[name.trim(), value.trim()]];
  });
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
