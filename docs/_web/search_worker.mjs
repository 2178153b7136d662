// Build the search index: sections as JSON on stdin, MiniSearch's index as JSON on stdout.
import { readFileSync } from "node:fs";
import MiniSearch from "minisearch";
import "../_static/search-tokeniser.js";
import "../_static/search-engine.js";

const { sections, pages } = JSON.parse(readFileSync(0, "utf8"));

const text = (pieces, kind) => pieces.filter(([k]) => k === kind).map(([, t]) => t).join("\n");
const index = new MiniSearch(globalThis.searchEngine.OPTIONS);
sections.forEach(([page, , title, parents, , pieces], id) => {
  index.add({
    id,
    title,
    page: [pages[page][1], ...parents].filter((name) => name !== title).join("\n"),
    text: text(pieces, "prose"),
    code: text(pieces, "code"),
    output: text(pieces, "output"),
    message: text(pieces, "message"),
  });
});
process.stdout.write(JSON.stringify(index));
