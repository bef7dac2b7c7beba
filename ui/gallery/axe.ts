/**
 * Judges the page as it stands by axe-core, for `look.mjs`.
 */
import axe from "axe-core";

export async function judgePage(): Promise<string[]> {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  const findings = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id} ${node.target.join(" ")} ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ""}`));
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) findings.push(`the page is ${wide} px wider than the window`);
  return findings;
}
