// Join, purge and compress stylesheets: one JSON request on standard input, one answer on standard
// output. docs/_tools/shipping/styles.py asks.
//
// A request: {target, screen: [file], plain: [file], print: [file], words: [word]}: the folder that
// the results will lie in, the stylesheets of a kind of page in their order, and all names of tags,
// classes, ids and attributes (and their values) that its pages use or its scripts may set.
// An answer: {screen, plain, print}: for every reader; what readers without scripts need besides;
// for paper.

import { readFileSync } from "node:fs";
import path from "node:path";

import postcss from "postcss";
import { PurgeCSS } from "purgecss";

const IMPORT = /^(?:url\()?["']?([^"')]+)["']?\)?$/;
const URL = /url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"']*))\s*\)/g;
const DARK = /\[data-theme=["']?dark["']?\]/g;
const LIGHT = /\[data-theme=["']?light["']?\]/g;

/** Parse a stylesheet, with what it imports in place and its addresses relative to the target. */
function load(file, target) {
  const root = postcss.parse(readFileSync(file, "utf8"), { from: file });
  root.walkAtRules("charset", (rule) => rule.remove());
  root.walkDecls((declaration) => {
    declaration.value = declaration.value.replace(URL, (whole, double, single, bare) => {
      const address = double ?? single ?? bare;
      if (/^(?:[a-z]+:|#|\/)/i.test(address)) return whole; // no file of the site
      if (path.isAbsolute(address)) return whole;
      const [, name, rest] = /^([^?#]*)(.*)$/.exec(address);
      const relative = path.relative(target, path.resolve(path.dirname(file), name));
      return `url(${relative.split(path.sep).join("/")}${rest.startsWith("?") ? "" : rest})`;
    });
  });
  root.walkAtRules("import", (rule) => {
    const imported = path.resolve(path.dirname(file), IMPORT.exec(rule.params)[1]);
    rule.replaceWith(load(imported, target).nodes);
  });
  return root;
}

/** Join stylesheets in their order. */
function join(files, target) {
  const sheet = postcss.root();
  for (const file of files) sheet.append(load(file, target).nodes);
  return sheet;
}

/** Leave out the rules for what no page of the group has. */
async function purge(sheet, words) {
  const [result] = await new PurgeCSS().purge({
    content: [{ raw: words.join("\n"), extension: "txt" }],
    css: [{ raw: sheet.toString() }],
    defaultExtractor: (text) => text.split("\n"),
    keyframes: true,
    variables: true,
    safelist: { variables: words.filter((word) => word.startsWith("--")) },
  });
  return postcss.parse(result.css);
}

/** Copy the rules with a selector that matches, without what matches, in their media queries. */
function copyRules(sheet, pattern) {
  const copy = sheet.clone();
  copy.walkRules((rule) => {
    if (inKeyframes(rule)) return;
    const selectors = rule.selectors.filter((selector) => selector.search(pattern) >= 0);
    if (selectors.length) rule.selectors = selectors.map((s) => s.replace(pattern, "[data-theme]"));
    else rule.remove();
  });
  copy.walkAtRules((rule) => {
    if (!/^(?:media|supports|layer|container)$/.test(rule.name)) rule.remove();
  });
  dropEmpty(copy);
  return copy;
}

function inKeyframes(rule) {
  return rule.parent.type === "atrule" && /keyframes$/.test(rule.parent.name);
}

/** Paper is white whatever the screen is: a dark rule is for screens only. */
function darkOnScreensOnly(sheet) {
  const rules = [];
  sheet.walkRules((rule) => rules.push(rule)); // all of them before the first is moved
  for (const rule of rules) {
    const dark = rule.selectors.filter((selector) => selector.search(DARK) >= 0);
    if (!dark.length || inKeyframes(rule)) continue;
    const other = rule.selectors.filter((selector) => selector.search(DARK) < 0);
    const media = postcss.atRule({ name: "media", params: "not print" });
    media.append(rule.clone({ selectors: dark }));
    rule.after(media);
    if (other.length) rule.selectors = other;
    else rule.remove();
  }
}

/** Join neighbours with the same media query. */
function joinNeighbours(sheet) {
  sheet.walkAtRules("media", (rule) => {
    const next = () => rule.next();
    while (next()?.type === "atrule" && next().name === "media" && next().params === rule.params) {
      const neighbour = next();
      rule.append(neighbour.nodes);
      neighbour.remove();
    }
  });
}

function dropEmpty(sheet) {
  sheet.walkAtRules((rule) => {
    if (rule.nodes?.length === 0) rule.remove();
  });
}

/** Write a stylesheet without comments and optional spaces. */
function compress(sheet) {
  sheet.walkComments((comment) => comment.remove());
  sheet.walk((node) => {
    node.raws.before = "";
    if (node.type === "decl") {
      node.raws.between = ":";
      node.raws.important = "!important";
      if (!node.prop.startsWith("--")) node.value = node.value.replace(/\s*\n\s*/g, " ");
      if (node.raws.value) delete node.raws.value;
    } else {
      node.raws.after = "";
      node.raws.between = "";
      node.raws.semicolon = false;
      if (node.type === "atrule") node.raws.afterName = node.params.startsWith("(") ? "" : " ";
      if (node.type === "atrule" && !node.params) node.raws.afterName = "";
      if (node.type === "rule") node.selector = node.selectors.join(",").replace(/\s+/g, " ");
    }
  });
  sheet.raws.after = "";
  return sheet.toString();
}

/** Leave out the fonts that no rule asks for. */
function dropUnusedFonts(sheet) {
  const values = [];
  sheet.walkDecls((declaration) => {
    if (declaration.parent.name !== "font-face") values.push(declaration.value);
  });
  const asked = values.join("\n").replaceAll("\\", "");
  sheet.walkAtRules("font-face", (rule) => {
    let family = "";
    rule.walkDecls("font-family", ({ value }) => (family = value.replace(/["'\\]/g, "")));
    if (!asked.includes(family)) rule.remove();
  });
}

/** The colours of a dark desktop, for which a script would set another theme. */
function withoutScript(sheet) {
  const dark = copyRules(sheet, DARK);
  const media = postcss.atRule({
    name: "media",
    params: "screen and (prefers-color-scheme:dark)",
  });
  media.append(dark.nodes);
  return media;
}

const { target, screen, plain, print, words } = JSON.parse(readFileSync(0, "utf8"));
const all = await purge(join(screen, target), words);
const alone = await purge(join(plain, target), words);
alone.append(withoutScript(all));
const paper = copyRules(all, LIGHT);
paper.append((await purge(join(print, target), words)).nodes);
darkOnScreensOnly(all);
for (const sheet of [all, alone, paper]) {
  joinNeighbours(sheet);
  dropEmpty(sheet);
}
dropUnusedFonts(all);
process.stdout.write(
  JSON.stringify({ screen: compress(all), plain: compress(alone), print: compress(paper) }),
);
