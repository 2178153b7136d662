// Words of the search: the build takes a page apart with this file, and the page a query.
//
// Chinese (and Japanese, Korean) text becomes pairs of neighbouring characters, so it needs no word
// list; the last character of a run stands alone, so that a query of one character, which is
// looked up as the beginning of a pair, finds it everywhere. Other text becomes words in lower
// case; an identifier also becomes its parts: CrossEntropyLoss, cross, entropy, loss.
"use strict";

globalThis.searchTokeniser = (() => {
  const PAIRED = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}ー";
  const WORD = new RegExp(
    `[${PAIRED}]+|\\p{Nd}+(?:[.,]\\p{Nd}+)+|(?:(?![${PAIRED}])[\\p{L}\\p{M}\\p{N}_])+`,
    "gu",
  );
  const IS_PAIRED = new RegExp(`^[${PAIRED}]`, "u");
  const PART = /\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{N}]+/gu;
  const NUMBER = /^\p{Nd}[\p{Nd}.,]*$/u;
  const SHORTEST_PART = 3;
  // Words of questions, which say nothing about where the answer is.
  const SMALL = new Set(
    `a about an and any are be been can cannot could did do does doing don for from get give go had has have
    how i if in into is it its kind many me much my need not of on one or should some than that the their
    them then there these they this to use used using want was way we what when where which why will with
    work would you your vs versus difference between mean means please help explain tell`.split(/\s+/),
  );
  // 的 between two words of at least two characters: 张量的形状 asks for 张量 and for 形状.
  const LINK = /(?<=\p{Script=Han}{2})的(?=\p{Script=Han}{2})/gu;
  const SMALL_CHINESE =
    /为什么|什么样|什么|怎么办|怎么|怎样|如何|哪些|哪个|多少|多大|区别|不同|是不是|可以|能不能|需要|应该|之后|之前|我的|一个|两个|几个|有没有|没有|报错|机制|原理|作用|意思|含义|问题|[的了是吗呢和与或把被在就都也我你它这那]/gu;

  // Lower case without accents or full-width letters. The length stays, so places in the result
  // are places in the text.
  const fold = (text) =>
    text.replace(/[^\u0000-\u007f\u2e80-\uf8ff]/g, (c) => {
      const base = c.normalize("NFKD")[0];
      const lower = c.toLowerCase();
      return base < "\u0080" ? base : lower.length === 1 ? lower : c;
    }).replace(/[A-Z]/g, (c) => c.toLowerCase());

  const parts = (word) =>
    word
      .split("_")
      .flatMap((piece) => piece.match(PART) ?? [])
      .filter((part) => part.length >= SHORTEST_PART && part.length < word.length)
      .map(fold);

  const pairs = (characters) => characters.slice(1).map((c, i) => characters[i] + c);

  // The words of a text: where each one is, and the terms by which it is found.
  const words = (text) =>
    Array.from(text.matchAll(WORD), ({ 0: word, index: start }) => {
      const end = start + word.length;
      if (!IS_PAIRED.test(word)) {
        const whole = fold(word);
        if (NUMBER.test(whole)) return { start, end, terms: [whole], number: true };
        return { start, end, terms: [...new Set([whole, ...parts(word)])] };
      }
      const characters = Array.from(word);
      return { start, end, paired: characters, terms: [...pairs(characters), characters.at(-1)] };
    });

  // The terms of a text in the index. Numbers of code and of outputs are left out: there are
  // thousands, and nobody looks for them.
  const indexTerms = (text, field) =>
    words(text)
      .filter(({ number }) => !number || (field !== "code" && field !== "output"))
      .flatMap(({ terms }) => terms);

  // The terms that a section must have. `prefix`: it may begin a longer one; `parts`: what may
  // stand for it; `joint`: a pair that may be missing where two words meet.
  const queryTerms = (query) => {
    const found = words(query.replace(LINK, " "));
    const wanted = found.filter(({ terms, paired }) => paired || !SMALL.has(terms[0]));
    return (wanted.length ? wanted : found).map(({ start, end, terms, paired }) => {
      const text = query.slice(start, end);
      if (!paired) return { text: terms[0], prefix: terms[0].length > 1, parts: terms.slice(1) };
      return { text, paired: true, prefix: paired.length === 1 };
    });
  };

  // The words of a question, each of which may be answered or not: words of a language with
  // spaces; of a run of Chinese characters first the names that the course knows, then the pairs
  // of what is left between small words. `names`: what is known, the longest first.
  const units = (query, names = []) => {
    const found = words(query);
    const kept = found.filter(({ terms, paired }) => paired || !SMALL.has(terms[0]));
    const inRun = (run) => {
      const name = names.find((known) => run.includes(known));
      if (name) {
        const at = run.indexOf(name);
        return [...inRun(run.slice(0, at)), { text: name, known: true, paired: true }, ...inRun(run.slice(at + name.length))];
      }
      const pieces = run.replace(SMALL_CHINESE, " ").split(" ").filter((piece) => piece.length > 1);
      return pieces.flatMap((piece) => pairs(Array.from(piece)).map((text) => ({ text, paired: true })));
    };
    // Names of several words, such as "learning rate", are one word of the question.
    const plain = ` ${found.map(({ start, end }) => fold(query.slice(start, end))).join(" ")} `;
    const long = names.filter((name) => name.includes(" ") && plain.includes(` ${name} `));
    const inName = new Set(long.flatMap((name) => name.split(" ")));
    const all = (kept.length ? kept : found).flatMap(({ start, end, terms, paired }) =>
      paired
        ? inRun(fold(query.slice(start, end)))
        : inName.has(terms[0]) ? [] : [{ text: terms[0], parts: terms.slice(1), known: names.includes(terms[0]) }]);
    all.push(...long.map((text) => ({ text, known: true })));
    return all.filter(({ text }, i) => all.findIndex((other) => other.text === text) === i);
  };

  return { fold, words, indexTerms, queryTerms, units, pairs: (run) => pairs(Array.from(run)) };
})();
