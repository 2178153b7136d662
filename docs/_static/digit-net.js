// The network of lesson 14 in plain JavaScript: from a drawing to ten logits.

/** Return the parts of the network that the tensors of its file hold. */
export function readNetwork({ notes, tensors }) {
  const [mean, std, stride] = notes["mean std stride"].split(" ").map(Number);
  return { mean, std, stride, tensors };
}

/** What the network takes: 28 × 28 pixels from 0 to 1, shifted and scaled as in the training. */
export function normalise({ mean, std }, pixels) {
  return Float32Array.from(pixels, (pixel) => (pixel - mean) / std);
}

/** The ten logits of a normalised image: twice convolution and ReLU, then a linear layer. */
export function logits({ tensors, stride }, image) {
  const layer = (name) => [tensors[`${name}.weight`], tensors[`${name}.bias`].values];
  let maps = convolve(image, 28, ...layer("features.0"), stride);
  maps = convolve(maps, 14, ...layer("features.2"), stride);
  const [{ values: weight }, bias] = layer("head");
  return bias.map((sum, digit) => maps.reduce((s, x, i) => s + x * weight[digit * maps.length + i], sum));
}

/** A convolution with as much padding as keeps the middle of the kernel on the image, and ReLU. */
function convolve(input, side, { shape: [outputs, inputs, kernel], values: weight }, bias, stride) {
  const padding = (kernel - 1) / 2;
  const output = [];
  for (let o = 0; o < outputs; o++)
    for (let top = -padding; top < side - padding; top += stride)
      for (let left = -padding; left < side - padding; left += stride) {
        let sum = bias[o];
        for (let i = 0; i < inputs; i++)
          for (let r = Math.max(0, -top); r < kernel && top + r < side; r++)
            for (let c = Math.max(0, -left); c < kernel && left + c < side; c++)
              sum +=
                weight[((o * inputs + i) * kernel + r) * kernel + c] *
                input[(i * side + top + r) * side + left + c];
        output.push(Math.max(0, sum));
      }
  return output;
}

/** Turn logits into probabilities. */
export function softmax(scores) {
  const largest = Math.max(...scores); // exp(1000) overflows
  const powers = Array.from(scores, (score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/**
 * Prepare a drawing as MNIST's digits were: cut it out, scale its longer side to 20 pixels with
 * anti-aliasing, and move its centre of mass to the centre of 28 × 28 pixels.
 *
 * @param ink how much ink is where, from 0 to 255, row by row, `side` numbers a row
 * @returns 784 numbers from 0 to 1, or null where nothing is drawn
 */
export function prepare(ink, side) {
  let [top, left, bottom, right] = [side, side, -1, -1];
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      if (ink[y * side + x]) {
        [top, left] = [Math.min(top, y), Math.min(left, x)];
        [bottom, right] = [Math.max(bottom, y), Math.max(right, x)];
      }
  if (bottom < 0) return null;
  const [height, width] = [bottom - top + 1, right - left + 1];
  const scale = 20 / Math.max(height, width);
  const small = shrink((y, x) => ink[(top + y) * side + left + x] / 255, height, width, scale);
  // Where the weight is, and how far it must move; whole pixels, so that nothing is blurred.
  let [mass, row, column] = [0, 0, 0];
  small.forEach((value, at) => {
    mass += value;
    row += value * Math.floor(at / 20);
    column += value * (at % 20);
  });
  const [down, across] = [14 - Math.round(row / mass), 14 - Math.round(column / mass)];
  const pixels = new Float32Array(28 * 28);
  small.forEach((value, at) => {
    const [y, x] = [down + Math.floor(at / 20), across + (at % 20)];
    if (y >= 0 && y < 28 && x >= 0 && x < 28) pixels[y * 28 + x] = Math.min(1, value);
  });
  return pixels;
}

/** Scale to at most 20 × 20 pixels: each gets the mean of the area that it covers. */
function shrink(ink, height, width, scale) {
  const small = new Float64Array(20 * 20);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const amount = ink(y, x);
      if (!amount) continue;
      for (const [r, share] of covered(y, scale))
        for (const [c, part] of covered(x, scale)) small[r * 20 + c] += amount * share * part;
    }
  return small;
}

/** The pixels that one scaled pixel touches, each with the length of the overlap. */
function* covered(position, scale) {
  const [from, to] = [position * scale, (position + 1) * scale];
  for (let pixel = Math.floor(from); pixel < to && pixel < 20; pixel++)
    yield [pixel, Math.min(to, pixel + 1) - Math.max(from, pixel)];
}
