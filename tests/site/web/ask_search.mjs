// Answer queries with the search of a built site: the folder of a language as argument, the queries
// as JSON on stdin, the addresses of the results of each as JSON on stdout.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const context = vm.createContext({});
for (const name of ["minisearch.js", "search-tokeniser.js", "search-engine.js", "search-index.js"]) {
  vm.runInContext(readFileSync(`${process.argv[2]}/_static/${name}`, "utf8"), context, { filename: name });
}
const ask = vm.runInContext("searchEngine.create(MiniSearch, searchIndex)", context);
const queries = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(queries.map((query) => ask(query).results.map(({ address }) => address))));
