// The network of lesson 23 in plain JavaScript: from a review to the probability of "good" after every token.

// What Python means by \w, \d and \s: JavaScript's are other sets of characters.
const WORD = "\\p{L}\\p{N}_";
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const PATTERNS = {
  en: `[${WORD}]+(?:'[${WORD}]+)?|[^${WORD}${SPACE}]`,
  zh: `[a-z]+|\\p{Nd}+|[^${SPACE}]`,
};

/** The first `limit` tokens of a text, as the lesson splits it, and whether there are more. */
export function splitTokens(text, language, limit) {
  const tokens = [];
  for (const [token] of text.toLowerCase().matchAll(new RegExp(PATTERNS[language], "gu"))) {
    if (tokens.length === limit) return { tokens, more: true };
    tokens.push(token);
  }
  return { tokens, more: false };
}

/** Return what is needed of a model that `loadSmallModel` has read; `small` is its module. */
export function readNetwork(small, { tensors, meta }) {
  const numbers = new Map(meta.vocabulary.split(" ").map((word, number) => [word, number]));
  const names = [0, 1].map((number) => `readers.${number}`); // the second one reads backwards
  const readers = names.filter((name) => `${name}.weight_hh_l0` in tensors);
  return { small, tensors, numbers, readers, longest: meta.longest };
}

/** The number of each token; 1 stands for all that are not in the vocabulary. */
export function encode({ numbers }, tokens) {
  return tokens.map((token) => numbers.get(token) ?? 1);
}

/**
 * The probability of "good" after each token: that of the text that ends with it.
 *
 * The forward reader only goes on. The backward one begins anew at every token.
 */
export function chances({ small, tensors, readers }, ids) {
  const [forwards, backwards] = readers.map((name) => new Reader(small, tensors, name, ids));
  return ids.map((_, end) => {
    forwards.read(end);
    backwards?.begin();
    if (backwards) for (let at = end; at >= 0; at--) backwards.read(at);
    const used = backwards ? [forwards, backwards] : [forwards];
    const pooled = [...used.map((reader) => reader.mean()), ...used.map((reader) => reader.maximum)];
    const all = pooled.flatMap((part) => Array.from(part));
    return small.softmax(small.matvec(tensors["linear.weight"], all, tensors["linear.bias"]))[1];
  });
}

/** An LSTM that reads tokens one by one, and keeps the sum and the maximum of its states. */
class Reader {
  constructor(small, tensors, name, ids) {
    const parameter = (kind) => tensors[`${name}.${kind}_l0`];
    this.small = small;
    this.weight = parameter("weight_hh");
    this.width = this.weight.shape[1];
    const biases = parameter("bias_hh").values.map((bias, i) => bias + parameter("bias_ih").values[i]);
    // The inputs' part of the sums does not depend on the state: it is computed once for each token.
    this.inputs = ids.map((id) =>
      small.matvec(parameter("weight_ih"), small.row(tensors["embedding.weight"], id), { values: biases }),
    );
    this.begin();
  }

  /** Forget all that was read. */
  begin() {
    const numbers = (value) => new Float32Array(this.width).fill(value);
    [this.h, this.c, this.sum, this.maximum] = [numbers(0), numbers(0), numbers(0), numbers(-Infinity)];
    this.count = 0;
  }

  /** One step: four sums, three gates, and the two states, as in the equations of the lesson. */
  read(at) {
    const { h, c, sum, maximum, width, small: { matvec, sigmoid } } = this;
    const sums = matvec(this.weight, h, { values: this.inputs[at] });
    for (let n = 0; n < width; n++) {
      const [i, f, g, o] = [0, 1, 2, 3].map((gate) => sums[gate * width + n]); // PyTorch's order
      c[n] = sigmoid(f) * c[n] + sigmoid(i) * Math.tanh(g);
      h[n] = sigmoid(o) * Math.tanh(c[n]);
      sum[n] += h[n];
      maximum[n] = Math.max(maximum[n], h[n]);
    }
    this.count++;
  }

  mean() {
    return this.sum.map((total) => total / this.count);
  }
}
