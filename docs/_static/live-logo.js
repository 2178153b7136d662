// <live-logo>: the network of lesson 18 looks for the course's logo in a picture of the reader.
//
// Nothing is loaded before the reader presses the button, and no picture leaves the browser.
(() => {
  const { Element, fill, make, short } = globalThis.live;
  const CELL = "224 33 138"; // a colour that the logo does not have
  const STRONGEST = 0.65;

  const MARKUP = `
    <div class="parts">
      <div class="turns">
        <div class="start">
          <button type="button" id="load" data-text="load"></button>
          <progress id="progress" aria-labelledby="loading" hidden></progress>
          <p id="loading" role="status"></p>
        </div>
        <p id="answer" aria-live="polite" aria-atomic="true" hidden>
          <strong id="verdict"></strong> <span id="numbers"></span>
        </p>
      </div>
      <fieldset class="pictures" disabled>
        <div>
          <label class="choose"><input type="file" id="file" accept="image/*"><span data-text="choose"></span></label>
        </div>
        <p class="small drop" data-text="drop"></p>
        <p class="small" id="examples" data-text="examples"></p>
        <div class="examples" role="group" aria-labelledby="examples"></div>
      </fieldset>
      <div class="seen">
        <div class="frame">
          <canvas class="picture" role="img" aria-labelledby="shown"></canvas>
          <canvas class="map" aria-hidden="true"></canvas>
        </div>
        <p class="small" id="shown" data-text="nothing"></p>
        <label class="switch"><input type="checkbox" id="mapped" checked disabled><span data-text="map"></span></label>
        <p class="small" id="where"></p>
      </div>
    </div>
    <p class="small private" data-text="private"></p>`;

  const STYLE = `
    .parts { display: grid; gap: 1.25rem 1.75rem; }
    .turns { display: grid; min-height: 9rem; align-content: start; }
    .turns > * { grid-area: 1 / 1; }
    #load, .choose { display: inline-flex; position: relative; align-items: center; }
    .choose { min-height: 2.75rem; padding: 0.25rem 0.75rem; font-size: 0.9375rem; color: var(--pst-color-text-base);
      background: var(--pst-color-surface); border: 1px solid var(--pst-color-text-muted);
      border-radius: 0.375rem; cursor: pointer; }
    .choose:hover { border-color: var(--pst-color-primary); box-shadow: inset 0 0 0 1px var(--pst-color-primary); }
    .choose:has(:focus-visible) { outline: 3px solid var(--pst-color-accent); outline-offset: 2px; }
    progress { display: block; width: 100%; height: 0.75rem; margin-block: 0.75rem 0.25rem;
      accent-color: var(--pst-color-primary); }
    #loading, #answer { font-size: 0.9375rem; line-height: 1.6; }
    #answer > * { display: block; }
    #verdict { font-size: 1.0625rem; font-weight: 600; }
    fieldset { min-width: 0; margin: 0; padding: 0; border: 0; }
    fieldset:disabled { opacity: 0.5; }
    fieldset:disabled * { cursor: not-allowed; }
    /* The input itself takes clicks and drops; what is seen is its label. */
    #file { position: absolute; inset: 0; width: 100%; opacity: 0; cursor: pointer; }
    .drop { margin-top: 0.375rem; }
    #examples { margin-block: 1rem 0.375rem; }
    .examples { display: grid; margin: 0; grid-template-columns: repeat(4, minmax(0, 4.5rem)); gap: 0.5rem; }
    .examples button { aspect-ratio: 1; padding: 0; overflow: hidden; }
    .examples canvas { display: block; width: 100%; }
    .frame { position: relative; width: min(288px, 100%); aspect-ratio: 1; overflow: hidden;
      border: 1px solid var(--pst-color-text-muted); border-radius: 0.375rem; background: var(--pst-color-surface); }
    .frame canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
    .map { image-rendering: pixelated; }
    #shown { min-height: 3em; margin-top: 0.375rem; }
    #where { min-height: 6em; }
    .switch { display: flex; gap: 0.5rem; align-items: center; min-height: 2.75rem; font-size: 0.9375rem; cursor: pointer; }
    #mapped { width: 1.25rem; height: 1.25rem; margin: 0; accent-color: var(--pst-color-primary); }
    .private { margin-top: 1rem; }
    :host(.over) .frame { outline: 3px dashed var(--pst-color-accent); outline-offset: 2px; }
    @media (hover: none) { .drop { visibility: hidden; } }
    @container (min-width: 36rem) {
      .parts { grid-template: auto 1fr / 1fr 288px; }
      .seen { grid-area: 1 / 2 / 3 / 3; }
    }`;

  class LiveLogo extends Element {
    static markup = MARKUP;
    static style = STYLE;

    begin() {
      this.examples = [1, 2, 3, 4].map((number) => {
        const button = make("button", { type: "button", ariaLabel: fill(this.labels.example, { number }) });
        return this.find(".examples").appendChild(button);
      });
      this.listen();
    }

    listen() {
      this.find("#load").addEventListener("click", () => this.load());
      const input = this.find("#file");
      input.addEventListener("change", () => {
        if (input.files.length) this.open(input.files[0]);
        input.value = ""; // the same file may be chosen again
      });
      this.find("#mapped").addEventListener("change", () => this.showMap());
      for (const type of ["dragenter", "dragover"])
        this.addEventListener(type, (event) => {
          event.preventDefault();
          this.classList.add("over");
        });
      this.addEventListener("dragleave", () => this.classList.remove("over"));
      this.addEventListener("drop", (event) => {
        event.preventDefault(); // or the browser would leave the page and show the file
        this.classList.remove("over");
        this.take(event.dataTransfer.files[0]);
      });
      // Anywhere in the page; pasted text goes where it always does.
      document.addEventListener("paste", (event) => {
        const [file] = event.clipboardData.files;
        const typing = event.composedPath()[0].matches?.("input:not([type=file]), textarea");
        if (!file || typing || !this.isConnected) return;
        event.preventDefault();
        this.take(file);
      });
    }

    // Loading

    /** Load all that is needed, once; after a failure the button tries again. */
    load() {
      return super.load().catch(() => {
        this.find("#load").textContent = this.labels.again;
        this.wait(false, this.labels.failed);
      });
    }

    async loadAll() {
      this.wait(true, this.labels.loading);
      const { tools, code, samples, settings } = this.files;
      const [live, net] = await this.modules(tools, code);
      const stop = new AbortController(); // when one file fails, the others need not arrive
      const options = { signal: stop.signal, onBytes: this.countBytes() };
      const [opened, pictures, decision] = await Promise.all([
        live.openSession(this.files, this.failures, options),
        live.fetchFile(samples, options),
        live.fetchFile(settings, options),
      ]).catch((error) => {
        stop.abort();
        throw error;
      });
      Object.assign(this, opened, { net }, JSON.parse(new TextDecoder().decode(decision)));
      this.samples = live.readTensors(pictures).tensors.pictures.values;
      this.start();
    }

    /** Show or hide that something is loading. */
    wait(busy, text) {
      this.busy(busy);
      this.find("#progress").hidden = !busy;
      this.find("#loading").textContent = text;
    }

    /** Return what moves the bar on by a number of bytes. */
    countBytes() {
      const bar = this.find("#progress");
      const { wasm, model, samples, settings } = this.files;
      bar.max = [wasm, model, samples, settings].reduce((sum, { bytes }) => sum + bytes, 0);
      let loaded = 0;
      return (bytes) => (bar.value = loaded += bytes);
    }

    /** Put the answer in the place of the button, and let the reader choose. */
    start() {
      const focused = this.shadowRoot.activeElement === this.find("#load");
      this.find(".start").hidden = true;
      this.find("#progress").hidden = true;
      for (const part of this.shadowRoot.querySelectorAll("[disabled]")) part.disabled = false;
      const length = 3 * this.size ** 2;
      this.examples.forEach((button, at) => {
        const pixels = this.samples.subarray(at * length, (at + 1) * length);
        this.paint(button.appendChild(document.createElement("canvas")), pixels);
        button.addEventListener("click", () => this.look(pixels, button.ariaLabel));
      });
      this.find("#answer").hidden = false;
      this.say(this.labels.waiting);
      if (focused) this.find("#file").focus();
    }

    // Pictures

    /** Take what was dropped or pasted. */
    take(file) {
      if (!this.session) this.find("#loading").textContent = this.labels.early;
      else if (!file) this.refuse(this.labels.noFile);
      else this.open(file);
    }

    async open(file) {
      const turn = ++this.turn;
      const name = short(file.name, 24, 12);
      try {
        const pixels = await this.net.readPicture(file, this.size);
        if (turn === this.turn) this.look(pixels, name);
      } catch (error) {
        if (turn === this.turn) this.refuse(fill(this.labels[error.message] ?? this.labels.unreadable, { name }));
      }
    }

    /** Show a picture that has no answer yet. */
    show(pixels, caption) {
      this.paint(this.find(".picture"), pixels);
      this.find("#shown").textContent = caption;
      this.answer = null;
      this.showMap();
      this.say("");
    }

    /** Show no picture, and say why. */
    refuse(message) {
      this.turn++;
      this.show([], this.labels.nothing);
      this.say(message);
    }

    /** Let the network look at bytes of shape (3, size, size). */
    async look(pixels, name) {
      const turn = ++this.turn;
      const { net, ort, size, session } = this;
      this.show(pixels, fill(this.labels.shown, { name, size }));
      const picture = new ort.Tensor("float32", net.normalise(pixels), [1, 3, size, size]);
      // One run at a time: the runtime refuses a second one meanwhile.
      const before = Promise.resolve(this.run).catch(() => {});
      this.run = before.then(() => session.run({ picture }));
      const outputs = await this.run.catch(() => null);
      if (turn !== this.turn) return; // another picture was chosen meanwhile
      if (!outputs) return this.refuse(this.labels.broken);
      const [, rows, columns] = outputs.map.dims;
      this.answer = { probability: net.sigmoid(outputs.logit.data[0]), map: outputs.map.data, rows, columns };
      this.showMap();
      this.showAnswer();
    }

    paint(canvas, pixels) {
      const { size } = this;
      canvas.width = canvas.height = size;
      const image = new ImageData(size, size);
      for (let at = 0; at < pixels.length / 3; at++)
        image.data.set([0, 1, 2].map((channel) => pixels[channel * size ** 2 + at]).concat(255), 4 * at);
      canvas.getContext("2d").putImageData(image, 0, 0);
    }

    // Answers

    /** A share of 0.9999 is not all, and one of 0.0001 not none. */
    percent(share) {
      if (share >= 0.9995) return `>${this.format.format(0.999)}`;
      return share < 0.0005 ? `<${this.format.format(0.001)}` : this.format.format(share);
    }

    showAnswer() {
      const { probability } = this.answer;
      const { present, absent } = this.labels;
      const values = { percent: this.percent(probability), threshold: this.format.format(this.threshold) };
      this.say(probability >= this.threshold ? present : absent, fill(this.labels.probability, values));
    }

    /** Colour the cells of the activation map, if that is wanted, and say which is the strongest. */
    showMap() {
      const canvas = this.find(".map");
      const wanted = this.answer && this.find("#mapped").checked;
      this.find("#where").textContent = "";
      canvas.width = canvas.height = 1; // and so empty
      if (!wanted) return;
      const { map, rows, columns } = this.answer;
      Object.assign(canvas, { width: columns, height: rows });
      const { cells, strongest } = this.net.strengths(map);
      const context = canvas.getContext("2d");
      cells.forEach((strength, at) => {
        context.fillStyle = `rgb(${CELL} / ${STRONGEST * strength})`;
        context.fillRect(at % columns, Math.floor(at / columns), 1, 1);
      });
      const place = { row: Math.floor(strongest / columns) + 1, column: (strongest % columns) + 1, rows, columns };
      const text = strongest < 0 ? this.labels.none : this.labels.strongest;
      this.find("#where").textContent = fill(text, place);
    }

    say(verdict, numbers = "") {
      this.find("#verdict").textContent = verdict;
      this.find("#numbers").textContent = numbers;
    }
  }

  customElements.define("live-logo", LiveLogo);
})();
