// Find, rank and quote the sections of the course that answer a query.
"use strict";

globalThis.searchEngine = (() => {
  const { fold, words, indexTerms, queryTerms, smallWordsOut, pairs } = globalThis.searchTokeniser;
  const LONGEST_QUERY = 200;
  const SNIPPET = 150; // characters; half as many where they are Chinese, which are twice as wide
  const BEFORE = 0.3; // of the snippet stands before the first match

  const OPTIONS = {
    idField: "id",
    fields: ["title", "page", "text", "code", "output", "message"],
    tokenize: indexTerms,
    processTerm: (term) => term,
  };
  const BOOST = { title: 8, page: 1.5, text: 2, message: 2, code: 1, output: 0.5 };
  const WEIGHT = {
    lesson: 1, error: 0.3, term: 0.6, page: 0.6, solution: 0.5, api: 0.5, appendix: 0.3, data: 0.3,
  };

  const exactly = (text, prefix = false) => ({ queries: [text], prefix, fuzzy: false });
  const allOf = (queries) => ({ combineWith: "AND", queries });
  const anyOf = (queries) => ({ combineWith: "OR", queries });
  const paired = (run) => allOf(pairs(run).map((pair) => exactly(pair)));

  // Every word, as it was typed; the last letters may be missing.
  const strict = ({ text, prefix, paired: isPaired }) =>
    isPaired && !prefix ? paired(text) : exactly(text, prefix);

  // The words that may be meant: with a slip of the keys, an identifier by its parts, a run of
  // Chinese without its small words, or in two words that need not be neighbours.
  const loose = ({ text, prefix, paired: isPaired, parts }) => {
    if (!isPaired) {
      const near = { queries: [text], prefix, fuzzy: text.length > 3 ? 0.25 : false };
      return parts.length > 1 ? anyOf([near, allOf(parts.map((part) => exactly(part, true)))]) : near;
    }
    const runs = smallWordsOut(text);
    return allOf((runs.length ? runs : [text]).map((run) => {
      const length = Array.from(run).length;
      if (length === 1) return exactly(run, true);
      const joints = Array.from({ length: Math.max(0, length - 3) }, (_, i) => i + 1);
      const split = joints.map((at) => allOf(pairs(run).filter((_, i) => i !== at).map((p) => exactly(p))));
      return anyOf([paired(run), ...split]);
    }));
  };

  const titleHas = (title, terms) => {
    const found = indexTerms(title);
    return terms.every(({ text, paired: isPaired }) =>
      isPaired
        ? fold(title).includes(text)
        : found.some((term) => term === text || (text.length > 3 && term.startsWith(text))));
  };
  const withoutGloss = (title) => fold(title).replace(/\s*[（(].*$/u, "");

  const NUMBER = /^\d+ · /; // of a lesson, before its name
  const nameOf = (title) => fold(title).replace(NUMBER, "");

  // Order of results: lessons whose own title has all the words, first those that begin with
  // them; sections of lessons with all of them in their heading; the glossary's term of exactly
  // that name; then the rest by score, where lessons weigh more than references. An error goes
  // with the sections if the query quotes three words of its message or more; one or two of them
  // are in many others.
  const rank = (section, terms, phrase) => {
    const { area, title, isPage } = section;
    if (area === "lesson" && titleHas(title, terms)) {
      return isPage ? (nameOf(title).startsWith(terms[0].text) ? 4 : 3) : 2;
    }
    if (area === "error" && words(phrase).length > 2 && fold(title).includes(phrase)) return 2;
    return area === "term" && [fold(title), withoutGloss(title)].includes(phrase) ? 1 : 0;
  };
  const namesTerm = ({ area, title }, terms) =>
    area === "term" && terms.some(({ text }) => text === withoutGloss(title));
  const holdsPhrase = ({ title, pieces }, phrase) =>
    fold(title).includes(phrase) || pieces.some(([, text]) => fold(text).includes(phrase));

  // A text as parts, some of them marked: the words through which it was found.
  const marked = (text, hits, single, from = 0, to = text.length) => {
    const spans = [];
    for (const word of words(text)) {
      if (word.end <= from || word.start >= to) continue;
      if (!word.paired) {
        if (word.terms.some((term) => hits.has(term))) spans.push([word.start, word.end]);
        continue;
      }
      let at = word.start;
      word.paired.forEach((character, i) => {
        const next = word.paired[i + 1];
        if (single.has(character)) spans.push([at, at + character.length]);
        else if (next && hits.has(character + next)) spans.push([at, at + character.length + next.length]);
        at += character.length;
      });
    }
    const parts = [];
    let end = from;
    for (const [start, stop] of spans) {
      const [a, b] = [Math.max(start, end), Math.min(stop, to)];
      if (a >= b) continue;
      if (a > end || !parts.length) parts.push({ text: text.slice(end, a), mark: false });
      if (parts.at(-1).mark) parts.at(-1).text += text.slice(a, b);
      else parts.push({ text: text.slice(a, b), mark: true });
      end = b;
    }
    parts.push({ text: text.slice(end, to), mark: false });
    return parts.filter(({ text: part }) => part);
  };

  // The window of a text round its first matches, cut between words.
  const window_ = (text, first) => {
    const dense = /\p{Script=Han}/u.test(text.slice(first, first + 40));
    const length = dense ? SNIPPET / 2 : SNIPPET;
    let from = Math.max(0, Math.min(first - Math.round(length * BEFORE), text.length - length));
    let to = Math.min(text.length, from + length);
    if (from > 0) {
      const gap = text.slice(from, first).search(/[\s，。；、：]/u);
      if (gap >= 0) from += gap + 1;
    }
    if (to < text.length) {
      const gap = text.slice(first, to).search(/[\s，。；、：][^\s，。；、：]*$/u);
      if (gap > 0) to = first + gap;
    }
    return [from, to];
  };

  // The piece that shows most of the words, the first of several: mostly prose, ahead of code.
  const quote = ({ pieces }, terms, hits, single) => {
    const heads = terms.map(({ text, paired: isPaired }) => (isPaired ? text.slice(0, 2) : text));
    let best = null;
    for (const [kind, text] of pieces) {
      const parts = marked(text, hits, single);
      const shown = fold(parts.filter(({ mark }) => mark).map((part) => part.text).join(" "));
      const worth = heads.filter((head) => shown.includes(head)).length + (shown ? 0.5 : 0);
      if (!best || worth > best.worth) best = { kind, text, parts, worth };
    }
    if (!best) return null;
    const hit = best.parts.findIndex(({ mark }) => mark);
    const first = best.parts.slice(0, Math.max(hit, 0)).reduce((sum, part) => sum + part.text.length, 0);
    const [from, to] = window_(best.text, first);
    const parts = marked(best.text, hits, single, from, to);
    if (from > 0) parts.unshift({ text: "… ", mark: false });
    if (to < best.text.length) parts.push({ text: " …", mark: false });
    return { kind: best.kind, parts };
  };

  // Return a function from a query to its results, the best first. `near`: no section has all
  // the words, and these have similar ones.
  const create = (MiniSearch, { index, sections, pages }) => {
    const engine = MiniSearch.loadJS(index, OPTIONS);
    const all = sections.map(([page, anchor, title, parents, area, pieces]) => ({
      address: pages[page][0] + (anchor && `#${anchor}`),
      path: [pages[page][1], ...parents].filter((name) => name !== title),
      title, area, pieces, isPage: !anchor,
    }));
    const options = {
      boost: BOOST,
      boostDocument: (id) => WEIGHT[all[id].area],
      tokenize: (term) => [term], // queryTerms has done it
    };

    return (typed, most = 30) => {
      const query = typed.slice(0, LONGEST_QUERY).trim();
      const terms = queryTerms(query);
      if (!terms.length) return { near: false, total: 0, results: [] };
      let found = engine.search(allOf(terms.map(strict)), options);
      const near = !found.length;
      if (near) found = engine.search(allOf(terms.map(loose)), options);
      const phrase = fold(query).replace(/\s+/g, " ");
      const long = words(query).length > 1;
      const single = new Set(terms.filter((t) => t.paired && t.prefix).map(({ text }) => text));
      const ranked = found.map(({ id, score, terms: matched }) => {
        const section = all[id];
        const begins = fold(section.title).startsWith(phrase) ? 1.5 : 1;
        const named = namesTerm(section, terms) ? 1.3 : 1;
        const bonus = begins * named * (long && holdsPhrase(section, phrase) ? 2 : 1);
        return { section, matched, rank: rank(section, terms, phrase), score: score * bonus, id };
      });
      ranked.sort((a, b) => b.rank - a.rank || b.score - a.score || a.id - b.id);
      const results = ranked.slice(0, most).map(({ section, matched }) => {
        const hits = new Set(matched);
        return {
          address: section.address,
          path: section.path,
          title: marked(section.title, hits, single),
          snippet: quote(section, terms, hits, single),
        };
      });
      return { near, total: ranked.length, results };
    };
  };

  return { OPTIONS, create };
})();
