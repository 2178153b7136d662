// The GPT of lesson 22 in plain JavaScript. `kit` is the module small-model.js.

/**
 * Cut a text into words and punctuation marks, in small letters, as the lesson does with
 * `re.findall(r"\w+|[^\w\s]", text.lower())`: Python and JavaScript do not mean the same by \w and \s.
 */
export function cut(text) {
  const word = "[\\p{L}\\p{N}_]+";
  const space = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
  return text.toLowerCase().match(new RegExp(`${word}|[^\\p{L}\\p{N}_${space}]`, "gu")) ?? [];
}

/** Make the GPT from the file that the lesson left. */
export function readGpt(kit, { tensors, meta }) {
  const numbers = new Map(meta.vocabulary.map((word, number) => [word, number]));
  const layers = Object.keys(tensors).filter((name) => /^blocks\.\d+\.norm_1\.weight$/.test(name)).length;
  return { kit, tensors, numbers, layers, heads: meta.factors.length, ...meta };
}

/** The numbers of tokens; 0 stands for all that are not in the vocabulary. */
export const encode = (gpt, tokens) => tokens.map((token) => gpt.numbers.get(token) ?? 0);

/**
 * Let the GPT read the numbers of 1 to `context` tokens.
 *
 * @returns `weights[layer][head][query][key]`, each row as long as its query may see, and the
 *   `chances` of all words to come next
 */
export function run(gpt, numbers) {
  const { kit, tensors, layers } = gpt;
  const normed = (name, x) => kit.layerNorm(x, tensors[`${name}.weight`], tensors[`${name}.bias`]);
  const linear = (name, x) => kit.matvec(tensors[`${name}.weight`], x, tensors[`${name}.bias`]);
  let states = numbers.map((number, place) =>
    add(kit.row(tensors["embedding.weight"], number), kit.row(tensors.positions, place)));
  const weights = [];
  for (let layer = 0; layer < layers; layer++) {
    const block = `blocks.${layer}`;
    const threes = states.map((x) => linear(`${block}.attend.three`, normed(`${block}.norm_1`, x)));
    const { mixed, looks } = attend(gpt, threes);
    weights.push(looks);
    states = states.map((x, place) => add(x, linear(`${block}.attend.out`, mixed[place])));
    states = states.map((x) => {
      const wide = linear(`${block}.widen`, normed(`${block}.norm_2`, x)).map(gelu);
      return add(x, linear(`${block}.narrow`, wide));
    });
  }
  return { weights, chances: kit.softmax(linear("output", normed("norm", states.at(-1)))) };
}

/** Causal self-attention of all heads; each of `threes` is a query, a key and a value, one after the other. */
function attend({ kit, heads, factors }, threes) {
  const width = threes[0].length / 3;
  const size = width / heads;
  const mixed = threes.map(() => new Float32Array(width));
  const looks = factors.map((factor, head) =>
    threes.map((three, place) => {
      const from = head * size;
      const scores = threes.slice(0, place + 1).map((other, at) => {
        let sum = 0;
        for (let i = from; i < from + size; i++) sum += three[i] * other[width + i];
        return sum / Math.sqrt(size) - factor * (place - at);
      });
      const row = kit.softmax(scores);
      row.forEach((weight, at) => {
        for (let i = from; i < from + size; i++) mixed[place][i] += weight * threes[at][2 * width + i];
      });
      return row;
    }));
  return { mixed, looks };
}

function add(x, y) {
  return x.map((value, i) => value + y[i]);
}

/** The Gaussian error linear unit, x · Φ(x), as `F.gelu` computes it. */
function gelu(x) {
  return (x * (1 + erf(x / Math.SQRT2))) / 2;
}

/** The error function, to 2e-7 (Abramowitz and Stegun 1964, 7.1.26). */
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const sum = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - sum * Math.exp(-x * x));
}
