// Around the network of lesson 18: from a picture file to what the network takes, and its answer.

// Beyond these, phones give up without a word.
const MOST_BYTES = 50e6;
const MOST_PIXELS = 100e6;

/** A file that cannot be looked at; the message is the key of the words for it. */
export class PictureError extends Error {}

/**
 * Read a picture file as the lesson reads its pictures: the shorter side is scaled to `size`
 * pixels, and the middle is kept.
 *
 * @returns bytes of shape (3, size, size)
 */
export async function readPicture(file, size) {
  if (file.size > MOST_BYTES) throw new PictureError("tooLarge");
  const image = new Image();
  const address = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => {
      Object.assign(image, { onload: resolve, onerror: reject, src: address });
    }).catch(unreadable);
    const { naturalWidth: width, naturalHeight: height } = image;
    if (!width || !height) unreadable();
    if (width * height > MOST_PIXELS) throw new PictureError("tooLarge"); // it is not unpacked yet
    await image.decode().catch(unreadable);
    return shrink(...draw(image, middle(width, height, size), size), size);
  } finally {
    URL.revokeObjectURL(address);
  }
}

function unreadable() {
  throw new PictureError("unreadable");
}

/** The part of a picture that remains when its shorter side is scaled to `size`, and the middle kept. */
export function middle(width, height, size) {
  const shorter = Math.min(width, height);
  const across = (length) => {
    const scaled = Math.floor((size * length) / shorter);
    const from = Math.floor((scaled - size) / 2);
    return [(from * length) / scaled, (size * length) / scaled];
  };
  const [[x, w], [y, h]] = [across(width), across(height)];
  return [x, y, w, h];
}

/**
 * Draw a part of a picture on white. Browsers scale each in their own way, so they only do it
 * coarsely, where the picture has many more pixels than the network takes.
 */
function draw(image, [x, y, width, height], size) {
  const side = Math.ceil(Math.min(8 * size, width, height));
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, side, side);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, x, y, width, height, 0, 0, side, side);
  return [context.getImageData(0, 0, side, side).data, side];
}

/**
 * Scale a square picture as PyTorch does with `mode="bilinear", antialias=True`.
 *
 * @param pixels red, green, blue and alpha of each pixel, row by row
 * @returns bytes of shape (3, size, size)
 */
export function shrink(pixels, side, size) {
  const steps = triangles(side, size);
  const rows = new Float32Array(3 * side * size); // (channel, row, column), columns scaled
  for (let channel = 0; channel < 3; channel++)
    for (let row = 0; row < side; row++)
      steps.forEach(({ first, weights }, column) => {
        const start = 4 * (row * side + first) + channel;
        const sum = weights.reduce((s, weight, i) => s + weight * pixels[start + 4 * i], 0);
        rows[(channel * side + row) * size + column] = sum;
      });
  const small = new Uint8Array(3 * size * size);
  for (let channel = 0; channel < 3; channel++)
    steps.forEach(({ first, weights }, row) => {
      for (let column = 0; column < size; column++) {
        const start = (channel * side + first) * size + column;
        const sum = weights.reduce((s, weight, i) => s + weight * rows[start + size * i], 0);
        small[(channel * size + row) * size + column] = Math.round(sum);
      }
    });
  return small;
}

/** For each of `to` pixels, the weights of those of `from` pixels that it is the mean of. */
function triangles(from, to) {
  const scale = from / to;
  const reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const weights = [];
    for (let j = first; j < end; j++) weights.push(Math.max(0, 1 - Math.abs(j + 0.5 - centre) / reach));
    const sum = weights.reduce((a, b) => a + b);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/** What the network takes: numbers from 0 to 1; it shifts and scales them itself. */
export function normalise(bytes) {
  return Float32Array.from(bytes, (byte) => byte / 255);
}

/** Turn a logit into a probability. */
export function sigmoid(logit) {
  return 1 / (1 + Math.exp(-logit));
}

/** How strongly each cell of the activation map is coloured, from 0 to 1, and the strongest cell. */
export function strengths(map) {
  const most = Math.max(...map);
  if (most <= 0) return { cells: Array.from(map, () => 0), strongest: -1 }; // none speaks for the logo
  return { cells: Array.from(map, (value) => Math.max(0, value) / most), strongest: map.indexOf(most) };
}
