/**
 * Made-up answers with code, maths and tables, for the preview, the gallery and tests.
 */
import type { MessageView } from "../generated";
import { message } from "./samples";

const maths = `The mean of $n$ draws has variance $\\sigma^2/n$, so a ticket of $5 is worth it when

$$
\\Pr\\left(\\bar X_n > \\mu + \\varepsilon\\right) \\le \\exp\\left(-\\frac{2 n \\varepsilon^2}{(b-a)^2}\\right)
$$

holds for every \\(n \\ge 30\\). In matrices:

\\[
\\begin{pmatrix} 1 & 0 & 2 \\\\ 0 & 1 & 3 \\\\ 4 & 5 & 6 \\end{pmatrix} \\begin{pmatrix} x_1 \\\\ x_2 \\\\ x_3 \\end{pmatrix} = \\sum_{i=1}^{3} \\sqrt{\\lambda_i}\\, v_i, \\qquad f(x) = \\begin{cases} x^2 & x > 0 \\\\ 0 & \\text{else} \\end{cases}
\\]

What cannot be read stays as it is: $\\nonsense{x}$.`;

const code = `\`\`\`rust
/// The first word of a line, without the spaces around it.
pub fn first_word(line: &str) -> Option<&str> {
    let word = line.split_whitespace().next()?; // none in an empty line
    (word.len() < 64).then_some(word)
}
\`\`\`

\`\`\`html
<p class="lead">Two panels, <b>41 kWh</b></p>
<script>const total = sun.map((kwh) => kwh * 0.7);</script>
\`\`\`

\`\`\`diff
- let loss = 0.32;
+ let loss = 0.28; // measured
\`\`\`

\`\`\`sql
SELECT month, sum(kwh) FROM sun WHERE tilt = 70 GROUP BY month; -- all of 2025
\`\`\``;

export function writings(): MessageView[] {
  return [
    message({ id: "c1", author: "you", blocks: [{ type: "text", text: "The four pieces of code, one below the other." }] }),
    message({ id: "c2", author: "they", blocks: [{ type: "text", text: code }] }),
    message({ id: "c3", author: "you", blocks: [{ type: "text", text: "When is a bound better than a guess?" }] }),
    message({ id: "c4", author: "they", blocks: [{ type: "text", text: maths }] }),
  ];
}
