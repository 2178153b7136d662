// What every element needs in which a network answers: files, tensors, ONNX Runtime.

/**
 * Fetch a file whole: one that is cut short must not pass for a network.
 *
 * @param file its address, and its length in bytes
 * @param options `signal` gives up; `onBytes` is called with the number of bytes of each piece
 */
export async function fetchFile({ url, bytes }, { signal, onBytes = () => {} } = {}) {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url}: status ${response.status}`);
  const whole = new Uint8Array(bytes);
  let length = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    if (length + value.length <= bytes) whole.set(value, length);
    length += value.length;
    onBytes(value.length);
  }
  if (length !== bytes) throw new Error(`${url}: ${length} bytes, not ${bytes}`);
  return whole.buffer;
}

/** Read a safetensors file: the length of a header, the header as JSON, then the bare numbers. */
export function readTensors(buffer) {
  const start = 8 + Number(new DataView(buffer).getBigUint64(0, true));
  const header = new TextDecoder().decode(new Uint8Array(buffer, 8, start - 8));
  const { __metadata__: notes, ...entries } = JSON.parse(header);
  // Both the file and every machine that runs a browser today store the lowest byte first.
  const types = { F32: Float32Array, I64: BigInt64Array, I8: Int8Array, U8: Uint8Array };
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(entries))
    tensors[name] = { shape, values: new types[dtype](buffer.slice(start + from, start + to)) };
  return { notes, tensors };
}

/**
 * Load ONNX Runtime and a model.
 *
 * @param files where the `runtime`, its `wasm` and the `model` are
 * @param attempt how often it has failed before: a browser does not ask again for a module that did
 *   not arrive, and a runtime that failed to start refuses for ever; another fragment makes another
 * @param options those of `fetchFile`
 * @returns the runtime, and a session that runs the model
 */
export async function openSession({ runtime, wasm, model }, attempt, options) {
  const module = new URL(`${runtime.url}#${attempt}`, document.baseURI);
  const [ort, wasmBinary, network] = await Promise.all([
    import(module), fetchFile(wasm, options), fetchFile(model, options),
  ]);
  // One thread: more need headers that a plain server does not send.
  Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary });
  return { ort, session: await ort.InferenceSession.create(network) };
}
