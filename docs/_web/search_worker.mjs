// Build the search index: sections as JSON on stdin, MiniSearch's index as JSON on stdout.
//
// With `--plain` MiniSearch does it all by itself: the same bytes, but it takes longer.
import { readFileSync } from "node:fs";
import MiniSearch from "minisearch";
import "../_static/search-tokeniser.js";
import "../_static/search-engine.js";

// MiniSearch looks for each word among all beginnings of words, one by one: thousands in Chinese.
// The same words come again and again, so what it found for one is kept.
const rememberWords = (index) => {
  const terms = index._index;
  const { fetch } = Object.getPrototypeOf(terms);
  const found = new Map();
  terms.fetch = (term, initial) => {
    if (!found.has(term)) found.set(term, fetch.call(terms, term, initial));
    return found.get(term);
  };
};

// MiniSearch makes objects of the numbers of sections, and those have room for all smaller numbers.
const asJSON = (index) => {
  const terms = index._index;
  const counts = (numbers) => Array.from(numbers, ([n, count]) => `"${n}":${count}`).join();
  const fields = (byField) =>
    Array.from(byField).sort(([a], [b]) => a - b)
      .map(([field, numbers]) => `"${field}":{${counts(numbers)}}`).join();
  const written = Array.from(terms, ([term, byField]) =>
    `[${JSON.stringify(term)},{${fields(byField)}}]`);
  index._index = [];
  const rest = index.toJSON();
  index._index = terms;
  return JSON.stringify(rest).replace('"index":[]', () => `"index":[${written.join()}]`);
};

const plain = process.argv.includes("--plain");
const { sections, pages } = JSON.parse(readFileSync(0, "utf8"));

const text = (pieces, kind) => pieces.filter(([k]) => k === kind).map(([, t]) => t).join("\n");
const index = new MiniSearch(globalThis.searchEngine.OPTIONS);
if (!plain) rememberWords(index);
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
process.stdout.write(plain ? JSON.stringify(index) : asJSON(index));
