// The text towers of lesson 26 in plain JavaScript: from a text to its similarity with every picture.

// What Python means by \w and \d: JavaScript's are other sets of characters.
const CLASSES = { "\\w": "[\\p{L}\\p{N}_]", "\\d": "\\p{Nd}" };

/** Read the file of the lesson; `live` and `small` are the modules that read tensors and compute. */
export function readTowers(live, small, buffer) {
  const { notes, tensors } = live.readTensors(buffer);
  const meta = JSON.parse(notes.meta);
  const read = (name) => meta[name];
  // A matrix is stored as whole numbers of 8 bits, and one scale for each row.
  const matrix = (name) => {
    const [{ shape, values }, scales] = [tensors[`${name}.whole`], tensors[`${name}.scale`].values];
    return { shape, values: Float32Array.from(values, (whole, at) => whole * scales[Math.floor(at / shape[1])]) };
  };
  const towers = {};
  for (const [language, pattern] of Object.entries(read("patterns")))
    towers[language] = {
      pattern: new RegExp(pattern.replace(/\\[wd]/g, (name) => CLASSES[name]), "gu"),
      numbers: new Map(read(`tokens_${language}`).map((token, place) => [token, place + 1])),
      names: read(`names_${language}`),
      embedding: matrix(`${language}.embedding`),
      norm: [tensors[`${language}.norm.weight`], tensors[`${language}.norm.bias`]],
      linear: [matrix(`${language}.linear`), tensors[`${language}.linear.bias`]],
    };
  const heldOut = new Set(read("held_out"));
  return { small, towers, pictures: matrix("pictures"), heldOut, sprites: read("sprites") };
}

/** The tokens of a text that the tower of a language knows, and the others. */
export function splitTokens({ pattern, numbers }, text) {
  const tokens = text.toLowerCase().match(pattern) ?? [];
  const known = tokens.filter((token) => numbers.has(token));
  return { known, unknown: [...new Set(tokens.filter((token) => !numbers.has(token)))] };
}

/** The cosine similarity of known tokens, at least one, with each picture. */
export function similarities({ small, towers, pictures }, language, known) {
  const { numbers, embedding, norm, linear: [weight, bias] } = towers[language];
  const mean = new Float64Array(embedding.shape[1]);
  for (const token of known)
    small.row(embedding, numbers.get(token)).forEach((value, i) => (mean[i] += value / known.length));
  const vector = small.matvec(weight, small.layerNorm(mean, ...norm), bias);
  const length = Math.hypot(...vector);
  return small.matvec(pictures, vector.map((value) => value / length));
}
