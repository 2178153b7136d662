// Byte-level BPE in the page, as lesson 21 trains it with the library `tokenizers`.

/** How GPT-2 cuts a text before the pairs are joined; JavaScript's own \s is another set of spaces. */
const SPACE = "\\t-\\r\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const WORDS = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${SPACE}\\p{L}\\p{N}]+|[${SPACE}]+(?![^${SPACE}])|[${SPACE}]+`, "gu");

/** The signs that stand for the 256 bytes in the names of pieces: visible ones stand for themselves. */
const SIGNS = (() => {
  const signs = [];
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const visible = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    signs.push(String.fromCharCode(visible ? byte : next++));
  }
  return signs;
})();
const BYTES = new Map(SIGNS.map((sign, byte) => [sign, byte]));

/** Make a tokeniser from the pieces, in the order of their ids, and the rules [left, right, both]. */
export function readTokeniser({ pieces, rules }) {
  const ids = new Map(pieces.map((piece, id) => [piece, id]));
  const ranks = new Map(rules.map(([left, right, both], rank) => [`${left} ${right}`, { rank, both }]));
  const bytes = pieces.map((piece) => Uint8Array.from(piece, (sign) => BYTES.get(sign)));
  return { letters: SIGNS.map((sign) => ids.get(sign)), ranks, bytes };
}

/** The ids of a text. */
export function encode({ letters, ranks }, text) {
  const encoder = new TextEncoder();
  return (text.match(WORDS) ?? []).flatMap((word) => {
    let ids = Array.from(encoder.encode(word), (byte) => letters[byte]);
    for (;;) {
      let best = null; // the oldest rule that fits somewhere
      for (let i = 1; i < ids.length; i++) {
        const rule = ranks.get(`${ids[i - 1]} ${ids[i]}`);
        if (rule && !(rule.rank >= best?.rank)) best = { ...rule, left: ids[i - 1], right: ids[i] };
      }
      if (!best) return ids;
      ids = join(ids, best);
    }
  });
}

/** Replace each occurrence of a pair, from the left. */
function join(ids, { left, right, both }) {
  const joined = [];
  for (let i = 0; i < ids.length; i++)
    if (ids[i] === left && ids[i + 1] === right) joined.push(both), i++;
    else joined.push(ids[i]);
  return joined;
}

/** What a piece is: its text, or, if it holds only a part of a character, its bytes. */
export function show({ bytes }, id) {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes[id]) };
  } catch {
    return { bytes: Array.from(bytes[id], (byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ") };
  }
}
