// <live-digit>: draw a digit, and the network that the lesson trained reads it.
//
// Nothing is loaded before the reader does something.
(() => {
  const { Element, fill } = globalThis.live;
  const UNITS = 560; // of the drawing; twice the pixels of the page, for dense screens
  const CELLS = 28; // steps of the cursor from one side to the other
  const PEN = 46;

  const MARKUP = `
    <div class="parts">
      <div class="left">
        <div class="board">
          <canvas class="ink" width="${UNITS}" height="${UNITS}" tabindex="0" role="application"
            aria-labelledby="title" aria-describedby="help"></canvas>
          <div class="cursor"></div>
        </div>
        <p id="title" class="hidden" data-text="board"></p>
        <p class="hidden" id="place" aria-live="polite"></p>
        <div class="buttons">
          <button type="button" id="clear" data-text="clear"></button>
          <button type="button" id="right" data-text="right"></button>
          <button type="button" id="wrong" data-text="wrong"></button>
        </div>
        <p class="small" id="help"><span data-text="help"></span><br><span data-text="keys"></span></p>
      </div>
      <div>
        <div class="seen">
          <div class="frame">
            <canvas class="small-ink" width="28" height="28" role="img" aria-labelledby="sees"></canvas>
          </div>
          <p class="small"><strong id="sees" data-text="sees"></strong><br><span data-text="prepared"></span></p>
        </div>
        <p id="answer" aria-live="polite" aria-atomic="true">
          <strong id="reading" data-text="waiting"></strong><span id="known"></span>
        </p>
        <table class="bars">
          <thead class="hidden"><tr>
            <th scope="col" data-text="digit"></th><td></td><th scope="col" data-text="probability"></th>
          </tr></thead>
          <tbody></tbody>
        </table>
      </div>
    </div>
    <div class="onnx">
      <button type="button" id="ask" data-text="ask"></button>
      <span id="difference" class="small" role="status"></span>
      <div class="scroll" role="region" aria-labelledby="ask" tabindex="0" hidden>
        <table class="logits"><thead><tr></tr></thead><tbody></tbody></table>
      </div>
    </div>`;

  const STYLE = `
    [hidden] { display: none !important; }
    .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
      white-space: nowrap; }
    .parts { display: grid; gap: 1.25rem 1.75rem; }
    .left, .board { width: min(280px, 100%); }
    .board { position: relative; aspect-ratio: 1; border: 1px solid var(--pst-color-text-muted);
      border-radius: 0.375rem; background: var(--pst-color-background); }
    .board:has(.ink:focus-visible), .scroll:focus-visible { outline: 3px solid var(--pst-color-accent); outline-offset: 2px; }
    canvas { display: block; filter: var(--live-digit-ink, none); }
    .ink { width: 100%; height: 100%; outline: none; cursor: crosshair; touch-action: none; }
    .cursor { position: absolute; display: none; width: calc(100% / ${CELLS});
      aspect-ratio: 1; border: 2px solid var(--pst-color-accent); pointer-events: none; }
    .cursor.down { background: var(--pst-color-accent); }
    .ink:focus-visible + .cursor { display: block; }
    .buttons { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-block: 0.75rem 0.5rem; }
    .seen { display: flex; gap: 0.875rem; align-items: start; }
    .frame { flex: none; border: 1px solid var(--pst-color-border); }
    .small-ink { width: 112px; height: 112px; image-rendering: pixelated; }
    #answer { min-height: 4.8em; margin-block: 0.75rem 0.25rem; font-size: 0.9375rem; line-height: 1.6; }
    #answer > * { display: block; font-weight: 600; }
    #known { font-weight: 400; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    .bars { width: 100%; line-height: 1.55rem; }
    .bars th { width: 1.5rem; font-weight: 400; text-align: start; }
    .bars td { padding: 0; }
    .bars td:last-child { width: 4.75rem; text-align: end; }
    .bars .bar { width: 0; height: 0.75rem; background: var(--pst-color-text-muted); }
    .bars .best { font-weight: 700; }
    .bars .best th { font-weight: 700; }
    .bars .best .bar { background: var(--pst-color-primary); }
    .onnx { margin-top: 1rem; padding-top: 1rem; border-top: 1px solid var(--pst-color-border); }
    #difference { margin-inline-start: 0.5rem; }
    .scroll { margin-top: 0.75rem; overflow-x: auto; }
    .logits { font-size: 0.8125rem; }
    .logits :is(th, td) { padding: 0.2rem 0.45rem; text-align: end; white-space: nowrap;
      border-bottom: 1px solid var(--pst-color-border); }
    .logits :is(th, td):first-child { padding-inline-start: 0; text-align: start; }
    @container (min-width: 36rem) { .parts { grid-template-columns: 280px 1fr; } }`;

  class LiveDigit extends Element {
    static markup = MARKUP;
    static style = STYLE;

    begin() {
      this.canvas = this.find(".ink");
      this.pen = this.canvas.getContext("2d", { willReadFrequently: true });
      Object.assign(this.pen, { lineWidth: PEN, lineCap: "round", lineJoin: "round" });
      this.cursor = { row: 14, column: 14, down: false };
      this.shown = { right: 0, wrong: 0 };
      this.makeTables();
      this.moveCursor(0, 0);
      this.listen();
      this.clear();
    }

    makeTables() {
      const add = (parent, name, text = "") => {
        const node = parent.appendChild(document.createElement(name));
        node.textContent = text;
        return node;
      };
      this.bars = [...Array(10).keys()].map((digit) => {
        const row = add(this.find(".bars tbody"), "tr");
        add(row, "th", digit).scope = "row";
        const bar = add(add(row, "td"), "div");
        bar.className = "bar";
        return { row, bar, share: add(row, "td") };
      });
      const head = this.find(".logits thead tr");
      for (const text of [this.labels.logits, ...Array(10).keys()]) add(head, "th", text).scope = "col";
      this.rows = ["JavaScript", "ONNX Runtime"].map((name) => {
        const row = add(this.find(".logits tbody"), "tr");
        add(row, "th", name).scope = "row";
        return [...Array(10)].map(() => add(row, "td", "…"));
      });
    }

    listen() {
      const { canvas } = this;
      canvas.addEventListener("pointerdown", (event) => {
        if (event.button || !event.isPrimary) return;
        canvas.setPointerCapture(event.pointerId);
        if (this.given) this.clear();
        this.last = this.position(event);
        this.draw(this.last, this.last);
      });
      canvas.addEventListener("pointermove", (event) => {
        if (!this.last || !event.isPrimary) return;
        const points = event.getCoalescedEvents?.() ?? [];
        for (const point of points.length ? points : [event]) {
          const next = this.position(point);
          this.draw(this.last, next);
          this.last = next;
        }
      });
      for (const type of ["pointerup", "pointercancel"])
        canvas.addEventListener(type, (event) => {
          if (!this.last || !event.isPrimary) return;
          this.read(true);
          this.last = null;
        });
      canvas.addEventListener("keydown", (event) => this.key(event));
      canvas.addEventListener("focus", () => this.load().catch(() => {}));
      canvas.addEventListener("blur", () => this.penDown(false));
      this.find("#clear").addEventListener("click", () => this.clear());
      for (const kind of ["right", "wrong"])
        this.find(`#${kind}`).addEventListener("click", () => this.show(kind));
      this.find("#ask").addEventListener("click", () => this.ask());
    }

    // Drawing

    position(event) {
      const box = this.canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top].map((x) => (x * UNITS) / box.width);
    }

    draw(from, to) {
      this.pen.beginPath();
      this.pen.moveTo(...from);
      this.pen.lineTo(...to);
      this.pen.stroke();
      // At most once a frame, however many points a pen reports.
      this.frame ??= requestAnimationFrame(() => {
        this.frame = null;
        this.read(false);
      });
    }

    clear() {
      this.given = null;
      this.pen.clearRect(0, 0, UNITS, UNITS);
      this.read(true);
    }

    key(event) {
      const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === " ") this.penDown(!this.cursor.down);
      else if (event.key in moves) this.moveCursor(...moves[event.key]);
      else return;
      event.preventDefault();
    }

    penDown(down) {
      if (this.cursor.down === down) return;
      this.cursor.down = down;
      if (down && this.given) this.clear();
      this.moveCursor(0, 0);
      if (!down) this.read(true);
    }

    moveCursor(down, across) {
      const { cursor } = this;
      const before = this.cursorPoint();
      const within = (cell) => Math.min(CELLS - 1, Math.max(0, cell));
      [cursor.row, cursor.column] = [within(cursor.row + down), within(cursor.column + across)];
      if (cursor.down) this.draw(before, this.cursorPoint());
      const mark = this.find(".cursor");
      mark.style.top = `${(100 * cursor.row) / CELLS}%`;
      mark.style.left = `${(100 * cursor.column) / CELLS}%`;
      mark.classList.toggle("down", cursor.down);
      const text = cursor.down ? this.labels.penDown : this.labels.penUp;
      this.find("#place").textContent = fill(text, { row: cursor.row + 1, column: cursor.column + 1 });
    }

    cursorPoint() {
      return [this.cursor.column, this.cursor.row].map((cell) => ((cell + 0.5) * UNITS) / CELLS);
    }

    // Loading

    /** Load the code of the network and its weights, once; after a failure, the next call tries again. */
    load() {
      return super.load().catch((error) => {
        this.failed = true;
        this.say(this.labels.failed);
        throw error;
      });
    }

    async loadAll() {
      const { tools, code, weights } = this.files;
      const [live, net] = await this.modules(tools, code);
      const network = net.readNetwork(live.readTensors(await live.fetchFile(weights)));
      this.failed = false;
      return { live, net, network };
    }

    async show(kind) {
      try {
        const { live } = await this.load();
        this.samples ??= live.readTensors(await live.fetchFile(this.files.samples)).tensors;
      } catch {
        this.say(this.labels.failed);
        return;
      }
      const turn = this.shown[kind]++ % 10;
      const number = kind === "right" ? turn : 10 + turn;
      const pixels = this.samples.pixels.values.subarray(784 * number, 784 * (number + 1));
      this.clear();
      this.given = { pixels: Float32Array.from(pixels, (x) => x / 255), label: this.samples.labels.values[number] };
      this.paint(this.pen, this.given.pixels, UNITS / 28);
      this.read(true);
    }

    // Reading

    /** Let the network read what is drawn; `done` when a stroke ends, and not while it grows. */
    async read(done) {
      if (this.failed && !done) return; // try again once a stroke, not once a frame
      if (!this.given && !this.loading.all && this.isEmpty()) return; // nobody has begun
      const { net, network } = await this.load().catch(() => ({}));
      if (!net) return;
      const pixels = this.given?.pixels ?? net.prepare(this.ink(), UNITS);
      this.paint(this.find(".small-ink").getContext("2d"), pixels ?? [], 1);
      this.image = pixels && net.normalise(network, pixels);
      this.scores = pixels && net.logits(network, this.image);
      this.showAnswer(this.scores ? net.softmax(this.scores) : [], done);
      if (done && this.session && pixels) await this.compare();
    }

    ink() {
      return this.pen.getImageData(0, 0, UNITS, UNITS).data.filter((_, at) => at % 4 === 3);
    }

    isEmpty() {
      return !this.pen.getImageData(0, 0, UNITS, UNITS).data.some(Boolean);
    }

    /** Show pixels in black of different strength, each `size` units wide. */
    paint(context, pixels, size) {
      context.clearRect(0, 0, 28 * size, 28 * size);
      pixels.forEach((value, at) => {
        context.fillStyle = `rgb(0 0 0 / ${value})`;
        context.fillRect((at % 28) * size, Math.floor(at / 28) * size, size, size);
      });
    }

    /** A share of 0.9999 is not all. */
    percent(share) {
      return share >= 0.9995 ? `>${this.format.format(0.999)}` : this.format.format(share ?? 0);
    }

    showAnswer(shares, done) {
      const order = [...shares.keys()].sort((a, b) => shares[b] - shares[a]);
      this.bars.forEach(({ row, bar, share }, digit) => {
        row.classList.toggle("best", digit === order[0]);
        bar.style.width = `${100 * (shares[digit] ?? 0)}%`;
        share.textContent = digit in shares ? this.percent(shares[digit]) : "";
      });
      if (!done) return;
      const [first, second] = order;
      const values = {
        digit: first, percent: this.percent(shares[first]),
        other: second, otherPercent: this.percent(shares[second]),
      };
      const { waiting, reads, doubts, label } = this.labels;
      const answer = fill(shares[second] >= 0.05 ? doubts : reads, values);
      this.say(shares.length ? answer : waiting, this.given ? fill(label, this.given) : "");
    }

    say(reading, known = "") {
      this.find("#reading").textContent = reading;
      this.find("#known").textContent = known;
    }

    // The ONNX file

    async ask() {
      const said = this.find("#difference");
      await this.load().catch(() => {});
      if (!this.image) {
        said.textContent = this.loading.all ? this.labels.empty : this.labels.failed;
        return;
      }
      this.find(".scroll").hidden = false; // its room first, its numbers later: nothing jumps
      try {
        if (!this.session) {
          said.textContent = this.labels.fetching;
          const { live } = await this.load();
          Object.assign(this, await live.openSession(this.files, this.failures));
        }
        await this.compare();
      } catch {
        this.failures++;
        said.textContent = this.labels.failed;
        this.find(".scroll").hidden = true;
      }
    }

    async compare() {
      const { image, scores } = this;
      const images = new this.ort.Tensor("float32", image, [1, 1, 28, 28]);
      // One run at a time: the runtime refuses a second one meanwhile.
      this.run = (this.run ?? Promise.resolve()).then(() => this.session.run({ images }));
      const { data } = (await this.run).logits;
      if (scores !== this.scores) return; // the drawing has changed meanwhile
      [scores, data].forEach((values, row) =>
        this.rows[row].forEach((cell, digit) => (cell.textContent = values[digit].toFixed(3))),
      );
      const difference = Math.max(...scores.map((score, digit) => Math.abs(score - data[digit])));
      this.find("#difference").textContent = fill(this.labels.difference, { difference: difference.toExponential(0) });
    }
  }

  customElements.define("live-digit", LiveDigit);
})();
