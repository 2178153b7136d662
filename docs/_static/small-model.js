// Small models in the page: read the one file that `dlcourse.small_model.pack` wrote, and compute.
//
// A tensor is {shape, values}, its values a Float32Array, row by row.

/**
 * Fetch a model whole: one that is cut short must not pass for a model.
 *
 * @param options those of `fetch`, for instance a `signal`
 * @returns the `tensors` by name, and the `meta` that were packed with them
 */
export async function loadSmallModel(url, options) {
  const response = await fetch(url, options);
  if (!response.ok) throw new Error(`${url}: status ${response.status}`);
  return readSmallModel(await response.arrayBuffer());
}

/** Read a model from the bytes of its file, which is a safetensors file. */
export function readSmallModel(buffer) {
  const start = 8 + Number(new DataView(buffer).getBigUint64(0, true));
  const header = new TextDecoder().decode(new Uint8Array(buffer, 8, start - 8));
  const { __metadata__: notes, ...entries } = JSON.parse(header);
  const end = start + Math.max(0, ...Object.values(entries).map((entry) => entry.data_offsets[1]));
  if (buffer.byteLength !== end) throw new Error(`${buffer.byteLength} bytes, not ${end}`);
  // Both the file and every machine that runs a browser today store the lowest byte first.
  const types = { F32: Float32Array, I8: Int8Array };
  const stored = ({ dtype, data_offsets: [from, to] }) =>
    new types[dtype](buffer.slice(start + from, start + to));
  const tensors = {};
  for (const [name, entry] of Object.entries(entries)) {
    if (name.endsWith(":scales")) continue;
    let values = stored(entry);
    if (entry.dtype === "I8") {
      const [scales, columns] = [stored(entries[`${name}:scales`]), entry.shape.at(-1)];
      values = Float32Array.from(values, (value, at) => value * scales[Math.floor(at / columns)]);
    }
    tensors[name] = { shape: entry.shape, values };
  }
  return { tensors, meta: JSON.parse(notes.meta) };
}

/** One row of a matrix, for instance the vector of a token; it shares the numbers of the matrix. */
export function row({ shape: [, columns], values }, index) {
  return values.subarray(index * columns, (index + 1) * columns);
}

/** A matrix times a vector, plus a bias if there is one: what `nn.Linear` does with one input. */
export function matvec({ shape: [rows, columns], values }, x, bias) {
  const result = new Float32Array(rows);
  for (let r = 0, at = 0; r < rows; r++) {
    let sum = bias ? bias.values[r] : 0;
    for (let c = 0; c < columns; c++) sum += values[at++] * x[c];
    result[r] = sum;
  }
  return result;
}

/** Turn logits into probabilities. */
export function softmax(scores) {
  const largest = scores.reduce((a, b) => Math.max(a, b)); // exp(1000) overflows
  const powers = Array.from(scores, (score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b);
  return Float32Array.from(powers, (power) => power / sum);
}

export function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

/** Shift and scale a vector to mean 0 and variance 1, then by what was learned, as `nn.LayerNorm`. */
export function layerNorm(x, weight, bias, eps = 1e-5) {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const scale = 1 / Math.sqrt(variance + eps);
  return Float32Array.from(x, (value, i) => (value - mean) * scale * weight.values[i] + bias.values[i]);
}
