/**
 * Colours for code: strings, comments, numbers and the words most languages share. It knows no grammar: it has to be
 * quick and never wrong in a way that hides something.
 */

export interface Mark {
  kind: "plain" | "word" | "text" | "quiet" | "name";
  text: string;
}

/** Beyond this, code is shown in one colour. */
const longest = 60_000;

const words = new Set(
  ("abstract and as async await break case catch class const continue def default defer del do elif else enum export " +
    "extends extern false final finally fn for from func function global go goto if impl implements import in instanceof " +
    "interface is lambda let loop match mod module move mut namespace new nil none None not null or override package " +
    "pass private protected pub public raise ref return select self Self static struct super switch this throw trait true " +
    "True False try type typeof union unsafe use using var virtual void when where while with yield " +
    "SELECT FROM WHERE INSERT INTO UPDATE DELETE CREATE TABLE JOIN ON AND OR NOT NULL ORDER BY GROUP LIMIT VALUES SET AS " +
    "echo then fi done esac local end begin").split(" "),
);

const hash = new Set(["python", "py", "sh", "bash", "zsh", "shell", "ruby", "rb", "yaml", "yml", "toml", "r", "perl", "makefile", "dockerfile", "ini", "conf", "elixir", "julia", "nim"]);
const dashes = new Set(["sql", "lua", "haskell", "hs", "ada", "elm"]);
const unmarked = new Set(["", "text", "txt", "plain", "plaintext", "console", "output", "log", "csv", "markdown", "md", "diff", "patch"]);

/** The marks of `code`, which put together are `code` again. */
export function highlight(code: string, language: string): Mark[] {
  const lang = language.toLowerCase();
  if (unmarked.has(lang) || code.length > longest) return [{ kind: "plain", text: code }];
  const comment = hash.has(lang) ? "#[^\\n]*" : dashes.has(lang) ? "--[^\\n]*" : "\\/\\/[^\\n]*|\\/\\*[\\s\\S]*?(?:\\*\\/|$)|<!--[\\s\\S]*?(?:-->|$)";
  const pattern = new RegExp(
    `(${comment})` +
      `|("""[\\s\\S]*?(?:"""|$)|"(?:[^"\\\\\\n]|\\\\.)*"?|'(?:[^'\\\\\\n]|\\\\.)*'|\`(?:[^\`\\\\]|\\\\.)*\`?)` +
      `|(\\b\\d[\\w.]*)` +
      `|([A-Za-z_$][\\w$]*)(?=(\\s*\\()?)`,
    "g",
  );
  const marks: Mark[] = [];
  let from = 0;
  const push = (kind: Mark["kind"], text: string) => {
    const last = marks.at(-1);
    if (text === "") return;
    if (last?.kind === kind) last.text += text;
    else marks.push({ kind, text });
  };
  for (const match of code.matchAll(pattern)) {
    const [whole, quiet, text, number, name, called] = match;
    push("plain", code.slice(from, match.index));
    if (quiet !== undefined) push("quiet", whole);
    else if (text !== undefined || number !== undefined) push("text", whole);
    else if (name !== undefined && words.has(name)) push("word", whole);
    else push(called === undefined ? "plain" : "name", whole);
    from = match.index + whole.length;
  }
  push("plain", code.slice(from));
  return marks;
}
