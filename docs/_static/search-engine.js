// Find, rank and quote the sections of the course that answer a query.
"use strict";

globalThis.searchEngine = (() => {
  const { fold, words, indexTerms, queryTerms, units, pairs } = globalThis.searchTokeniser;
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
  // Lessons explain; the API weighs as much as solutions only for somebody who types a name in code.
  const WEIGHT = {
    lesson: 1, summary: 0.6, error: 0.3, term: 0.6, page: 0.6, solution: 0.3, api: 0.25, appendix: 0.3, data: 0.3,
  };
  const WEIGHT_OF_NAMES = { ...WEIGHT, api: 0.5, solution: 0.5 };
  const IS_NAME = /[_.]\w|[a-z][A-Z]/; // train_epoch, nn.Conv2d, CrossEntropyLoss
  const WANTS_ERROR = /报错|错误|出错|\berrors?\b|exception|warning|警告|failed|失败/iu;
  const ENOUGH = 3; // results with all words; with fewer, those with most words follow

  const exactly = (text, prefix = false) => ({ queries: [text], prefix, fuzzy: false });
  const allOf = (queries) => ({ combineWith: "AND", queries });
  const anyOf = (queries) => ({ combineWith: "OR", queries });
  const paired = (run) => allOf(pairs(run).map((pair) => exactly(pair)));

  // Every word, as it was typed; the last letters may be missing.
  const strict = ({ text, prefix, paired: isPaired }) =>
    isPaired && !prefix ? paired(text) : exactly(text, prefix);

  // A word of a question as it may stand in a text: as typed, by what it may begin, with a slip of
  // the keys, an identifier by its parts; and by its other names, of which `groups` has lists.
  const STEM = /(?:ings?|ed|ers?|es|s|e)$/;
  const asWritten = (text) => {
    const [word, ...more] = words(text);
    if (!word) return null;
    if (more.length) return allOf(words(text).map(({ terms }) => exactly(terms[0])));
    return word.paired ? paired(text) : exactly(word.terms[0]);
  };
  const looseUnit = ({ text, paired: isPaired, parts = [] }, groups) => {
    const others = groups.filter((group) => group.includes(text)).flat();
    const also = others.filter((other) => other !== text).map(asWritten).filter(Boolean);
    if (isPaired) return anyOf([paired(text), ...also]);
    if (text.includes(" ")) return anyOf([asWritten(text), ...also]);
    const stem = text.length > 5 ? text.replace(STEM, "") : text;
    const near = [exactly(text), { queries: [text], prefix: text.length > 2, fuzzy: text.length > 3 ? 0.25 : false }];
    if (stem !== text && stem.length > 3) near.push(exactly(stem, true));
    if (parts.length > 1) near.push(allOf(parts.map((part) => exactly(part, true))));
    return anyOf([...near, ...also]);
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

  // Order of results: lessons whose own title has all the words, first those that begin with them,
  // in the order of the course; sections of lessons with all of them in their heading; the
  // glossary's terms of exactly that name, those with several words in their names, and those that
  // a query of nothing but terms names; then the rest by score, where lessons weigh more than
  // references. An error goes with the sections if the query quotes three words of its message or
  // more; one or two of them are in many others.
  const rank = (section, terms, phrase) => {
    const { area, title, isPage } = section;
    if (area === "lesson" && titleHas(title, terms)) {
      return isPage ? (nameOf(title).startsWith(terms[0].text) ? 4 : 3) : 2;
    }
    if (area === "error" && words(phrase).length > 2 && fold(title).includes(phrase)) return 2;
    const isTerm = [fold(title), withoutGloss(title)].includes(phrase) || (terms.length > 1 && titleHas(title, terms));
    return area === "term" && isTerm ? 1 : 0;
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
  // the words, and these have most of them, or similar ones.
  const create = (MiniSearch, { index, sections, pages, aliases = [] }) => {
    const engine = MiniSearch.loadJS(index, OPTIONS);
    const all = sections.map(([page, anchor, title, parents, area, pieces]) => ({
      address: pages[page][0] + (anchor && `#${anchor}`),
      path: [pages[page][1], ...parents].filter((name) => name !== title),
      title, area, pieces, isPage: !anchor,
    }));
    const groups = aliases.map((group) => group.map(fold));
    const names = [...new Set(groups.flat())].sort((a, b) => b.length - a.length);
    const options = {
      boost: BOOST,
      tokenize: (term) => [term], // queryTerms and units have done it
    };

    // Sections by how much of a question they answer: each word adds at most its rarity.
    const answers = (asked) => {
      const found = new Map();
      let whole = 0;
      for (const unit of asked) {
        const hits = engine.search(looseUnit(unit, groups), options);
        if (!hits.length) continue;
        const rarity = Math.log(1 + all.length / hits.length) * (unit.paired && !unit.known ? 0.6 : 1);
        whole += rarity;
        for (const { id, score, terms } of hits) {
          const sofar = found.get(id) ?? { id, score: 0, share: 0, terms: [] };
          sofar.score += rarity * Math.sqrt(score / hits[0].score);
          sofar.share += rarity;
          sofar.terms.push(...terms);
          found.set(id, sofar);
        }
      }
      const answered = [...found.values()].map((one) => ({ ...one, share: one.share / whole }));
      const most = Math.max(0, ...answered.map(({ share }) => share));
      return answered.filter(({ share }) => share >= Math.max(0.3, 0.45 * most));
    };

    return (typed, most = 30) => {
      const query = typed.slice(0, LONGEST_QUERY).trim();
      const terms = queryTerms(query);
      if (!terms.length) return { near: false, total: 0, results: [] };
      const phrase = fold(query).replace(/\s+/g, " ");
      const long = words(query).length > 1;
      const single = new Set(terms.filter((t) => t.paired && t.prefix).map(({ text }) => text));
      const asked = units(query, names);
      const weights = IS_NAME.test(query) ? WEIGHT_OF_NAMES : WEIGHT;
      const wantsError = WANTS_ERROR.test(query) && terms.length > 1;
      const weigh = (section) => {
        const begins = fold(section.title).startsWith(phrase) ? 1.5 : 1;
        const named = namesTerm(section, terms) ? 1.3 : 1;
        const error = wantsError && section.area === "error" ? 4 : 1;
        return weights[section.area] * begins * named * error * (long && holdsPhrase(section, phrase) ? 2 : 1);
      };
      const sorted = (found, rankOf) =>
        found
          .map(({ id, score, terms: matched }) =>
            ({ id, section: all[id], matched, rank: rankOf(all[id]), score: score * weigh(all[id]) }))
          .sort((a, b) => b.rank - a.rank || (a.rank === 4 ? 0 : b.score - a.score) || a.id - b.id);

      const withAll = engine.search(allOf(terms.map(strict)), options);
      const answered = asked.length > 1 || withAll.length < ENOUGH ? answers(asked) : [];
      const scores = new Map(asked.length > 1 ? answered.map(({ id, score }) => [id, score]) : []);
      const heads = asked.filter(({ known }) => known);
      // A term of the glossary by any of its names, where the query asks for nothing else.
      const isHead = (section) =>
        section.area === "term" && heads.length > 0 && heads.length === asked.length &&
        heads.some(({ text }) => groups.some((group) => group.includes(text) && group.includes(withoutGloss(section.title))));
      let ranked = sorted(
        withAll.map((one) => ({ ...one, score: scores.get(one.id) ?? (scores.size ? 0 : one.score) })),
        (section) => rank(section, terms, phrase) || (isHead(section) ? 1 : 0),
      );
      // A name in code that is found is what was meant, not its parts.
      if (ranked.length < ENOUGH && !(ranked.length && IS_NAME.test(query))) {
        const seen = new Set(ranked.map(({ id }) => id));
        const others = answered.filter(({ id }) => !seen.has(id));
        const more = sorted(others.map((one) => ({ ...one, score: one.score * one.share ** 2 })), () => 0);
        ranked = [...ranked, ...more];
        ranked = [...ranked.filter(({ section }) => isHead(section)), ...ranked.filter(({ section }) => !isHead(section))];
      }
      const results = ranked.slice(0, most).map(({ section, matched }) => {
        const hits = new Set(matched);
        return {
          address: section.address,
          path: section.path,
          title: marked(section.title, hits, single),
          snippet: quote(section, terms, hits, single),
        };
      });
      return { near: !withAll.length && ranked.length > 0, total: ranked.length, results };
    };
  };

  return { OPTIONS, create };
})();
