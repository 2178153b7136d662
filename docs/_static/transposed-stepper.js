// <transposed-stepper>: a transposed convolution, print by print. Its words and settings come from the page.
"use strict";
{
  const { STEPPER_STYLE, Stepper, fill, make, signed, squares, table } = globalThis.elements;

  const outputSize = (input, kernel, stride = 1, padding = 0) => (input - 1) * stride + kernel - 2 * padding;

  /** The sums after some prints, before the cut, and how many prints have met each cell. */
  const prints = (input, kernel, stride, most = Infinity) => {
    const size = (n, k) => outputSize(n, k, stride);
    const [rows, columns] = [size(input.length, kernel.length), size(input[0].length, kernel[0].length)];
    const [sums, counts] = [0, 1].map(() => table(rows, columns, () => 0));
    input.flat().slice(0, most).forEach((value, i) => {
      const [top, left] = [Math.floor(i / input[0].length), i % input[0].length].map((at) => at * stride);
      kernel.forEach((row, r) =>
        row.forEach((weight, c) => {
          sums[top + r][left + c] += value * weight;
          counts[top + r][left + c]++;
        }),
      );
    });
    return { sums, counts };
  };

  const cut = (rows, padding) =>
    rows.slice(padding, rows.length - padding).map((row) => row.slice(padding, row.length - padding));

  /** As torch's conv_transpose2d, for one channel. */
  const transposed = (input, kernel, { stride = 1, padding = 0 } = {}) => {
    const size = (n, k) => outputSize(n, k, stride, padding);
    if (size(input.length, kernel.length) < 1 || size(input[0].length, kernel[0].length) < 1) throw new RangeError();
    return cut(prints(input, kernel, stride).sums, padding);
  };

  const CELL = 40;
  const box = squares(CELL);
  /** The share of an input at a place, where inputs are half a kernel apart. */
  const triangle = (n, i) => 1 - Math.abs(i - (n - 1) / 2) / ((n + 1) >> 1);
  const KERNELS = {
    stamps: (n, r, c) => 10 ** (r * n + c), // up to 2 × 2
    numbered: (n, r, c) => r * n + c + 1,
    ones: () => 1,
    bilinear: (n, r, c) => triangle(n, r) * triangle(n, c),
  };
  const CHOICES = { side: [2, 3], size: [1, 2, 3, 4], stride: [1, 2, 3], padding: [0, 1, 2] };
  const STYLE = `${STEPPER_STYLE}
    .settings { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.5rem; }
    .settings > label { flex: 1 1 8rem; display: grid; }
    .choices { display: inline-flex; }
    .choices label { width: 2.5rem; }
    .stage { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.75rem; margin: 1rem 0 0.5rem; text-align: center; }
    .middle { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.75rem; }
    svg { display: block; max-width: 100%; height: auto; margin: auto; overflow: visible; }
    text { text-anchor: middle; fill: var(--pst-color-text-base); }
    .cell rect { stroke: var(--pst-color-border); fill: color-mix(in srgb, var(--hue, var(--pst-color-primary))
      calc(var(--level, 0) * 45%), var(--pst-color-background)); }
    [tabindex] { outline: 0; cursor: pointer; }
    [tabindex]:focus-visible rect { stroke: var(--pst-color-accent); stroke-width: 4; }
    .cut { opacity: 0.55; }
    .cut rect { stroke-dasharray: 3; }
    .cut text { text-decoration: line-through; }
    .window { pointer-events: none; transition: transform 180ms; fill: var(--pst-color-secondary);
      fill-opacity: 0.15; stroke: var(--pst-color-secondary); stroke-width: 3; }
    .edge { fill: none; stroke: var(--pst-color-text-base); stroke-width: 2; pointer-events: none; }
    .summary { min-height: 6em; }
    code { font-size: 0.8125rem; }
    @container (min-width: 41rem) {
      .stage { grid-template-columns: minmax(0, 2fr) minmax(0, 3fr) minmax(0, 5fr); }
      .middle { grid-template-columns: minmax(0, 1fr); }
      .summary { min-height: 3em; }
    }`;

  const move = (window, r, c) => (window.style.transform = `translate(${c * CELL}px, ${r * CELL}px)`);

  class TransposedStepper extends Stepper {
    static transposed = transposed;
    static outputSize = outputSize;

    connectedCallback() {
      if (this.shadowRoot) return;
      const { labels, input, kernel } = this.dataset;
      this.words = JSON.parse(labels);
      this.attachShadow({ mode: "open" });
      this.lay();
      for (const name of ["size", "stride", "padding"]) this[name] = +this.dataset[name];
      this.input = input.split(" ").map((row) => [...row].map(Number));
      this.side = this.input.length;
      this.choose(kernel);
    }

    get last() {
      return this.side ** 2 - 1;
    }

    /** Take a kernel by its name, and begin. */
    choose(name) {
      this.stop();
      const { size, side, stride, padding, input } = this;
      this.kernelName = name === "stamps" && size > 2 ? "numbered" : name;
      this.kernel = table(size, size, (r, c) => KERNELS[this.kernelName](size, r, c));
      this.input = table(side, side, (r, c) => input[r]?.[c] ?? 1);
      this.full = outputSize(side, size, stride);
      this.kept = this.full - 2 * padding;
      this.position = 0;
      this.build();
      this.update();
    }

    lay() {
      const { words } = this;
      const part = (name) => {
        this[`${name}Caption`] = make("p");
        this[`${name}Body`] = make("div");
        return make("div", { class: name }, this[`${name}Caption`], this[`${name}Body`]);
      };
      const choice = ([name, values]) => {
        const change = ({ target }) => {
          this[name] = +target.value;
          this.choose(this.kernelName);
        };
        const radio = (value) => make("label", {}, make("input", { type: "radio", name, value, change }), value);
        return make("fieldset", {}, make("legend", {}, words[name]), make("div", { class: "choices" }, ...values.map(radio)));
      };
      const options = Object.keys(KERNELS).map((value) => make("option", { value }, words[value]));
      this.select = make("select", { change: () => this.choose(this.select.value) }, ...options);
      this.problem = make("p", { class: "problem", role: "alert" });
      this.formula = make("p");
      this.call = make("code", { translate: "no" });
      const transport = this.transport();
      this.steps = [transport, this.summary, this.call];
      const middle = make("div", { class: "middle" }, part("kernel"), part("print"));
      const card = make(
        "div",
        { class: "card", role: "group", "aria-label": words.title },
        make("div", { class: "settings" }, make("label", {}, words.kernel, this.select), ...Object.entries(CHOICES).map(choice)),
        make("div", { class: "stage" }, part("input"), middle, part("output")),
        transport,
        this.summary,
        this.problem,
        this.formula,
        make("p", {}, this.call),
        make("p", { class: "hint" }, words.hint),
      );
      this.shadowRoot.append(make("style", {}, STYLE), card);
    }

    /** Draw what depends on the settings. */
    build() {
      const { words, side, size, stride, padding, full, kept, kernel } = this;
      for (const name in CHOICES) {
        this.shadowRoot.querySelector(`[name=${name}][value="${this[name]}"]`).checked = true;
      }
      this.select.value = this.kernelName;
      this.select.querySelector("[value=stamps]").disabled = size > 2;
      const caption = (name, rows, more = "") =>
        this[`${name}Caption`].replaceChildren(make("b", {}, words[name]), rows > 0 ? ` ${rows} × ${rows}${more}` : "");
      caption("input", side);
      caption("kernel", size);
      caption("print");
      caption("output", kept, padding ? fill(words.cut, { padding }) : "");

      const grid = (name, n, editable) => {
        const cells = table(n, n, (r, c) => {
          const texts = [box(r, c), make("text", { x: (c + 0.5) * CELL })];
          return make("g", { class: "cell", role: editable ? "gridcell" : "cell" }, ...texts);
        });
        const rows = cells.map((row) => make("g", { role: "row" }, ...row));
        const svg = make("svg", { width: n * CELL, height: n * CELL, viewBox: `0 0 ${n * CELL} ${n * CELL}` });
        svg.append(make("g", { role: editable ? "grid" : "table", "aria-label": words[name] }, ...rows));
        this[`${name}Body`].replaceChildren(svg);
        this[`${name}Cells`] = cells;
        return svg;
      };
      const frame = (n) => make("g", { class: "window" }, box(0, 0, {}, n));
      this.here = frame(1);
      grid("input", side, true).append(this.here);
      this.edit();
      grid("kernel", size);
      kernel.forEach((row, r) => row.forEach((weight, c) => this.write("kernel", r, c, weight)));
      grid("print", size);
      this.window = frame(size);
      const output = grid("output", full);
      if (kept > 0) output.append(box(padding, padding, { class: "edge" }, kept), this.window);

      for (const part of this.steps) part.hidden = kept < 1;
      this.slider.max = side * side;
      const most = Math.floor((full - 1) / 2);
      this.problem.textContent = kept < 1 ? fill(words.misfit, { full, padding, most }) : "";
      const values = { n: side, size, stride, padding, side: signed(kept) };
      this.formula.replaceChildren(make("b", {}, words.outputsize), fill(words.formula, values));
      this.call.textContent = `F.conv_transpose2d(x, w, stride=${stride}, padding=${padding})`;
    }

    /** Let the reader change the numbers of the input. */
    edit() {
      const cells = this.inputCells;
      table(this.side, this.side, (r, c) => {
        const cell = cells[r][c];
        const set = (value) => {
          this.stop();
          this.input[r][c] = value;
          this.update();
        };
        const pick = () => set((this.input[r][c] + 1) % 10);
        cell.setAttribute("tabindex", r + c ? -1 : 0);
        cell.addEventListener("click", pick);
        cell.addEventListener("keydown", (event) => {
          const { key } = event;
          const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
          if (step) {
            const next = cells[r + step[0]]?.[c + step[1]] ?? cell;
            cell.setAttribute("tabindex", -1);
            next.setAttribute("tabindex", 0);
            next.focus();
          } else if (/^[0-9]$/.test(key)) set(+key);
          else if (key === "Enter" || key === " ") pick();
          else return;
          event.preventDefault();
        });
      });
    }

    /** A number in a cell, as large as fits. */
    write(grid, r, c, value, level = 0) {
      const cell = this[`${grid}Cells`][r][c];
      const text = cell.lastChild;
      text.textContent = signed(value);
      const size = Math.min(15, 56 / text.textContent.length);
      text.style.fontSize = `${size}px`;
      text.setAttribute("y", (r + 0.5) * CELL + size * 0.36);
      cell.style.setProperty("--level", level);
      cell.ariaLabel = fill(this.words[`${grid}Cell`], { row: r + 1, column: c + 1, value: signed(value) });
    }

    /** Show the prints up to the position. */
    update() {
      const { words, side, size, stride, padding, kept, full, input, kernel, position } = this;
      const [row, column] = [Math.floor(position / side), position % side];
      const [top, left] = [row * stride, column * stride];
      const pressed = input[row][column];
      input.forEach((values, r) => values.forEach((value, c) => this.write("input", r, c, value)));
      move(this.here, row, column);
      move(this.window, top, left);
      const { sums, counts } = prints(input, kernel, stride, position + 1);
      let overlap = 0;
      kernel.forEach((weights, r) =>
        weights.forEach((weight, c) => {
          this.write("print", r, c, pressed * weight);
          overlap += counts[top + r][left + c] > 1;
        }),
      );
      table(full, full, (r, c) => {
        const inside = (at) => at >= padding && at < full - padding;
        const cell = this.outputCells[r][c];
        const gone = !inside(r) || !inside(c);
        this.write("output", r, c, sums[r][c], Math.min(1, counts[r][c] / 4));
        cell.classList.toggle("cut", gone);
        const place = { row: r - padding + 1, column: c - padding + 1, value: signed(sums[r][c]) };
        cell.ariaLabel = fill(gone ? words.gone : words.outputCell, place);
      });
      if (kept < 1) return;
      const values = { number: position + 1, total: side * side, row: row + 1, column: column + 1, value: pressed };
      const more = fill(overlap ? words.overlap : words.apart, { count: overlap, all: size * size });
      this.summary.textContent = fill(words.summary, { ...values, more: position ? more : words.first });
      this.slider.value = position + 1;
      this.count.textContent = fill(words.count, values);
      this.slider.setAttribute("aria-valuetext", this.count.textContent);
    }
  }

  customElements.define("transposed-stepper", TransposedStepper);
}
