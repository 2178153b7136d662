// Render formulas with KaTeX: one JSON request a line on stdin, one JSON answer a line on stdout.
// Ends when stdin closes, so that it cannot outlive the build that started it.
import { createInterface } from "node:readline";
import katex from "katex";

const macros = JSON.parse(process.argv[2] ?? "{}");

for await (const line of createInterface({ input: process.stdin })) {
  const { tex, display } = JSON.parse(line);
  let answer;
  try {
    const html = katex.renderToString(tex, {
      displayMode: display,
      output: "htmlAndMathml",
      throwOnError: true,
      // What KaTeX would only warn about (Chinese outside \text{}, say) is an error here.
      strict: "error",
      // A copy: one formula's \gdef must not leak into the next.
      macros: { ...macros },
    });
    answer = { html };
  } catch (error) {
    // KaTeX underlines the place with combining characters, which few terminals draw well.
    answer = { error: error.message.replaceAll("\u0332", "") };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
