// <conv-stepper>: a convolution, step by step. Its words and settings come from the page.
"use strict";
{
  const { STEPPER_STYLE, Stepper, fill, make, signed, squares, table } = globalThis.elements;

  /** Positions along an axis; none where it is below 1. */
  const outputSize = (input, kernel, stride = 1, padding = 0, dilation = 1) =>
    Math.floor((input + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;

  const pad = (input, padding) =>
    table(input.length + 2 * padding, input[0].length + 2 * padding, (r, c) =>
      input[r - padding]?.[c - padding] ?? 0,
    );

  const products = (padded, kernel, top, left, dilation) =>
    kernel.map((row, r) =>
      row.map((weight, c) => weight * padded[top + r * dilation][left + c * dilation] + 0), // no -0
    );

  const sum = (rows) => rows.flat().reduce((total, value) => total + value, 0);

  /** As torch's conv2d, for one channel. */
  const conv2d = (input, kernel, { stride = 1, padding = 0, dilation = 1 } = {}) => {
    const size = (n, k) => outputSize(n, k, stride, padding, dilation);
    const [rows, columns] = [size(input.length, kernel.length), size(input[0].length, kernel[0].length)];
    if (stride < 1 || dilation < 1 || padding < 0 || rows < 1 || columns < 1) throw new RangeError();
    const padded = pad(input, padding);
    return table(rows, columns, (r, c) =>
      sum(products(padded, kernel, r * stride, c * stride, dilation)),
    );
  };

  const CELL = 36;
  const box = squares(CELL);
  const ramp = (n, i) => (n === 1 ? 1 : n === 2 ? 2 * i - 1 : i - 1);
  const KERNELS = {
    vertical: (n, r, c) => ramp(n, c),
    horizontal: (n, r) => ramp(n, r),
    sharpen: (n, r, c) => [5, -1, 0][Math.abs(r - 1) + Math.abs(c - 1)],
    sum: () => 1,
    copy: (n, r, c) => +(r === c && r === n >> 1),
  };
  const CHOICES = { size: [1, 2, 3], stride: [1, 2, 3], padding: [0, 1, 2], dilation: [1, 2, 3] };
  const STYLE = `${STEPPER_STYLE}
    .settings { display: grid; grid-template-columns: auto auto; justify-content: space-between;
      gap: 0.5rem; }
    .settings > label { grid-column: 1 / -1; display: grid; }
    .choices { display: flex; }
    .choices label { width: 2.75rem; }
    .stage { display: grid; justify-items: center; gap: 0.75rem; margin: 1rem 0 0.5rem;
      text-align: center; }
    .middle { display: flex; gap: 0.75rem; }
    .kernel, .products { display: grid; grid-template-columns: repeat(var(--size), auto); gap: 3px;
      justify-content: center; }
    .kernel input, .total b { width: 2.75rem; padding: 0; text-align: center;
      border: 2px solid var(--pst-color-secondary); }
    .products span { display: grid; place-content: center; width: 3rem; height: 2.75rem;
      background: var(--pst-color-surface); font-weight: 600; line-height: 1.2; }
    small { font-weight: 400; font-size: 0.75rem; }
    .kernel input::-webkit-inner-spin-button { appearance: none; }
    .total b { display: inline-block; }
    .grid { display: block; max-width: 100%; height: auto; margin: auto; overflow: visible; }
    text { font-size: 0.875rem; text-anchor: middle; fill: var(--pst-color-text-base); }
    .ring text { fill: var(--pst-color-text-muted); }
    .cell { outline: 0; cursor: pointer; }
    .cell rect { stroke: var(--pst-color-border); fill: color-mix(in srgb, var(--hue)
      calc(var(--level) * 34%), var(--pst-color-background)); }
    .later rect { fill: #0000; stroke-dasharray: 2; }
    .cell:focus-visible rect { stroke: var(--pst-color-accent); stroke-width: 4; }
    .window { pointer-events: none; transition: transform 180ms; fill: var(--pst-color-secondary);
      fill-opacity: 0.2; stroke: var(--pst-color-secondary); }
    .frame { fill: none; stroke-width: 3; }
    @container (min-width: 41rem) {
      .settings { display: flex; }
      .stage { grid-template-columns: minmax(0, 1fr) auto minmax(0, 1fr); }
      .middle { flex-direction: column; }
    }`;

  const number = (r, c, value = "") =>
    make("text", { x: (c + 0.5) * CELL, y: (r + 0.64) * CELL }, value);

  class ConvStepper extends Stepper {
    pace = 900;
    static conv2d = conv2d;
    static outputSize = outputSize;

    connectedCallback() {
      if (this.shadowRoot) return;
      this.words = JSON.parse(this.dataset.labels);
      this.attachShadow({ mode: "open" });
      this.lay();
      for (const name in CHOICES) this[name] = +this.dataset[name];
      this.input = this.dataset.input.split(" ").map((row) => [...row].map(Number));
      this.choose(this.dataset.kernel);
    }

    get last() {
      return this.side ** 2 - 1;
    }

    /** "own" keeps the weights. */
    choose(name) {
      const { kernel, size } = this;
      this.kernelName = name === "sharpen" && size !== 3 ? "sum" : name;
      const weight = KERNELS[this.kernelName];
      this.kernel = table(size, size, (r, c) => (weight ? weight(size, r, c) : kernel[r]?.[c] ?? 0));
      this.position = 0;
      this.compute(() => this.build());
    }

    compute(redraw) {
      this.stop();
      this.padded = pad(this.input, this.padding);
      this.side = outputSize(this.padded.length, this.size, this.stride, 0, this.dilation);
      this.output = this.side > 0 ? conv2d(this.input, this.kernel, this) : null;
      redraw();
      if (this.output) this.update();
    }

    lay() {
      const { words } = this;
      const part = (name, ...more) => {
        this[`${name}Caption`] = make("p");
        this[`${name}Body`] = make("div", { class: name });
        return make("div", {}, this[`${name}Caption`], this[`${name}Body`], ...more);
      };
      const choice = ([name, values]) => {
        const change = ({ target }) => {
          this[name] = +target.value;
          this.choose(this.kernelName);
        };
        const radio = (value) =>
          make("label", {}, make("input", { type: "radio", name, value, change }), value);
        const choices = make("div", { class: "choices" }, ...values.map(radio));
        return make("fieldset", {}, make("legend", {}, words[name]), choices);
      };
      const names = [...Object.keys(KERNELS), "own"];
      this.select = make(
        "select",
        { change: () => this.choose(this.select.value) },
        ...names.map((value) => make("option", { value }, words[value])),
      );
      this.total = make("b");
      this.problem = make("p", { class: "problem", role: "alert" });
      this.formula = make("p");
      const total = make("p", { class: "total" }, `${words.total} = `, this.total);
      const products = part("products", total);
      const transport = this.transport();
      this.steps = [products, transport, this.summary];
      const middle = make("div", { class: "middle" }, part("kernel"), products);
      const kernel = make("label", {}, words.kernel, this.select);
      const card = make(
        "div",
        { class: "card", role: "group", "aria-label": words.title },
        make("div", { class: "settings" }, kernel, ...Object.entries(CHOICES).map(choice)),
        make("div", { class: "stage" }, part("input"), middle, part("output")),
        transport,
        this.summary,
        this.problem,
        this.formula,
        make("p", { class: "hint" }, words.hint),
      );
      this.shadowRoot.append(make("style", {}, STYLE), card);
    }

    /** Draw what depends on the settings. */
    build() {
      const { words, size, stride, padding, dilation, input, padded, output, side } = this;
      for (const name in CHOICES) {
        this.shadowRoot.querySelector(`[name=${name}][value="${this[name]}"]`).checked = true;
      }
      this.select.value = this.kernelName;
      this.select.querySelector("[value=sharpen]").disabled = size !== 3;
      const n = input.length;
      this.style.setProperty("--size", size);
      const caption = (name, rows, more = "") =>
        this[`${name}Caption`].replaceChildren(make("b", {}, words[name]), rows ? ` ${rows} × ${rows}${more}` : "");
      caption("input", n, padding ? fill(words.ring, { size: padded.length }) : "");
      caption("kernel", size);
      caption("products");
      caption("output", output && side);
      const span = dilation * (size - 1) + 1;
      this.inputBody.replaceChildren(this.drawInput(span));
      this.kernelBody.replaceChildren(...this.drawKernel());
      this.outputBody.replaceChildren(...(output ? [this.drawOutput()] : []));
      for (const part of this.steps) part.hidden = !output;
      this.slider.max = side * side;
      const needed = Math.ceil((span - n) / 2);
      const values = { size, dilation, span, padding, padded: padded.length, needed };
      this.problem.textContent = output ? "" : fill(words.misfit, values);
      const formula = fill(words.formula, { n, size, stride, padding, dilation, side: signed(side) });
      this.formula.replaceChildren(make("b", {}, words.outputsize), formula);
    }

    /** n × n cells in the middle of a larger picture. */
    grid(name, n, size, pick, type) {
      const offset = (size - n) / 2;
      const cells = table(n, n, (r, c) => {
        const keydown = (event) => {
          const { key } = event;
          const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
          if (step) {
            const next = cells[r + step[0]]?.[c + step[1]] ?? cells[r][c];
            cells[r][c].setAttribute("tabindex", -1);
            next.setAttribute("tabindex", 0);
            next.focus();
          } else if (/^[0-9]$/.test(key)) type?.(r, c, +key);
          else if (key === "Enter" || key === " ") pick(r, c);
          else return;
          event.preventDefault();
        };
        const attributes = { class: "cell", role: "gridcell", tabindex: r + c ? -1 : 0 };
        const place = [r + offset, c + offset];
        const click = () => pick(r, c);
        return make("g", { ...attributes, click, keydown }, box(...place), number(...place));
      });
      const rows = cells.map((row) => make("g", { role: "row" }, ...row));
      const [side, view] = [size * CELL, `0 0 ${size * CELL} ${size * CELL}`];
      const svg = make("svg", { class: "grid", width: side, height: side, viewBox: view });
      svg.append(make("g", { role: "grid", "aria-label": this.words[name] }, ...rows));
      return { svg, cells };
    }

    write(name, cell, row, column, value, largest, shown = true) {
      cell.lastChild.textContent = shown ? signed(value) : "";
      cell.style.setProperty("--level", Math.abs(value) / (largest || 1));
      const said = shown ? signed(value) : this.words.later;
      cell.ariaLabel = fill(this.words[name], { row: row + 1, column: column + 1, value: said });
    }

    drawInput(span) {
      const { input, padding, padded, size, dilation } = this;
      const n = input.length;
      const show = (r, c) => this.write("pixel", cells[r][c], r, c, input[r][c], 9);
      const type = (r, c, value) => {
        input[r][c] = value;
        this.compute(() => show(r, c));
      };
      const pick = (r, c) => type(r, c, (input[r][c] + 1) % 10);
      const { svg, cells } = this.grid("input", n, padded.length, pick, type);
      svg.style.setProperty("--hue", "var(--pst-color-text-muted)");
      table(n, n, show);
      const ring = make("g", { class: "ring", "aria-hidden": true });
      table(padded.length, padded.length, (r, c) => {
        if (input[r - padding]?.[c - padding] === undefined) ring.append(number(r, c, 0));
      });
      const taps = table(size, size, (r, c) => box(r * dilation, c * dilation)).flat();
      this.window = make("g", { class: "window" }, ...taps, box(0, 0, { class: "frame" }, span));
      svg.prepend(ring);
      if (this.output) svg.append(this.window);
      return svg;
    }

    drawKernel() {
      const weights = table(this.size, this.size, (r, c) => {
        const input = ({ target }) => {
          this.kernel[r][c] = Math.max(-9, Math.min(9, Math.round(target.value)));
          this.compute(() => (this.select.value = this.kernelName = "own"));
        };
        const blur = ({ target }) => (target.value = this.kernel[r][c]);
        const label = fill(this.words.weight, { row: r + 1, column: c + 1 });
        const limits = { type: "number", min: -9, max: 9, value: this.kernel[r][c] };
        return make("input", { ...limits, "aria-label": label, input, blur });
      });
      return weights.flat();
    }

    drawOutput() {
      const pick = (r, c) => this.go(r * this.side + c);
      const { svg, cells } = this.grid("output", this.side, this.side, pick);
      this.cells = cells.flat();
      this.cells.forEach((cell, i) => cell.addEventListener("focus", () => this.go(i)));
      this.here = make("g", { class: "window" }, box(0, 0, { class: "frame" }));
      svg.append(this.here);
      return svg;
    }

    update() {
      const { words, side, stride, size, dilation, padding, padded, kernel, output, position } = this;
      const [row, column] = [Math.floor(position / side), position % side];
      const [top, left] = [row * stride, column * stride];
      this.window.style.transform = `translate(${left * CELL}px, ${top * CELL}px)`;
      this.here.style.transform = `translate(${column * CELL}px, ${row * CELL}px)`;
      const found = products(padded, kernel, top, left, dilation);
      const factors = table(size, size, (r, c) => {
        const pixel = padded[top + r * dilation][left + c * dilation];
        const small = make("small", {}, `${pixel} × ${signed(kernel[r][c])}`);
        return make("span", {}, small, signed(found[r][c]));
      });
      this.productsBody.replaceChildren(...factors.flat());
      const value = signed(output[row][column]);
      this.total.textContent = value;
      const results = output.flat();
      const largest = Math.max(...results.map(Math.abs));
      this.cells.forEach((cell, i) => {
        cell.classList.toggle("later", i > position);
        cell.setAttribute("tabindex", i === position ? 0 : -1);
        cell.style.setProperty("--hue", `var(--pst-color-${results[i] < 0 ? "danger" : "primary"})`);
        this.write("result", cell, Math.floor(i / side), i % side, results[i], largest, i <= position);
      });
      const reach = dilation * (size - 1) + 1;
      const place = { row: row + 1, column: column + 1, top: top + 1, left: left + 1 };
      const more = { bottom: top + reach, right: left + reach, count: size * size, value };
      this.summary.textContent = fill(padding ? words.padded : words.summary, { ...place, ...more });
      this.slider.value = position + 1;
      this.count.textContent = fill(words.count, { number: position + 1, total: results.length });
      this.slider.setAttribute("aria-valuetext", this.count.textContent);
    }
  }

  customElements.define("conv-stepper", ConvStepper);
}
