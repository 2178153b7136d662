// <transposed-stepper>: a transposed convolution, print by print. Its words and settings come from the page.
"use strict";
{
  const table = (rows, columns, value) =>
    Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => value(r, c)));

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
  /** The share of an input at a place, where inputs are half a kernel apart. */
  const triangle = (n, i) => 1 - Math.abs(i - (n - 1) / 2) / ((n + 1) >> 1);
  const KERNELS = {
    stamps: (n, r, c) => 10 ** (r * n + c), // up to 2 × 2
    numbered: (n, r, c) => r * n + c + 1,
    ones: () => 1,
    bilinear: (n, r, c) => triangle(n, r) * triangle(n, c),
  };
  const CHOICES = { side: [2, 3], size: [1, 2, 3, 4], stride: [1, 2, 3], padding: [0, 1, 2] };
  const ICONS = {
    previous: "M15 5l-7 7 7 7",
    play: "M8 5v14l11-7z",
    pause: "M8 5v14M16 5v14",
    next: "M9 5l7 7-7 7",
  };

  const STYLE = `
    :host { display: block; container-type: inline-size; }
    * { box-sizing: border-box; }
    .card { padding: 0.75rem; border: 1px solid var(--pst-color-border); border-radius: 0.5rem;
      color: var(--pst-color-text-base); background: var(--pst-color-background);
      font-size: 0.9375rem; line-height: 1.5; font-variant-numeric: tabular-nums; }
    .settings { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.5rem; }
    .settings > label { flex: 1 1 8rem; display: grid; }
    fieldset, legend { margin: 0; padding: 0; border: 0; }
    legend, .settings > label, .hint { font-size: 0.875rem; color: var(--pst-color-text-muted); }
    select, input, .choices { height: 2.75rem; margin: 0; border: 1px solid var(--pst-color-border);
      border-radius: 0.375rem; font: inherit; color: var(--pst-color-text-base);
      background: none; accent-color: var(--pst-color-primary); }
    option { background: var(--pst-color-background); }
    .choices { display: inline-flex; }
    .choices label { position: relative; display: grid; place-items: center; width: 2.5rem; }
    .choices label + label { border-inline-start: inherit; }
    .choices input { position: absolute; width: 100%; opacity: 0; }
    .choices label:has(:checked), .next { color: var(--pst-color-primary-text);
      background: var(--pst-color-primary); }
    :focus-visible, .choices label:has(:focus-visible) { outline: 3px solid var(--pst-color-accent);
      outline-offset: 2px; z-index: 1; }
    .stage { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.75rem; margin: 1rem 0 0.5rem; text-align: center; }
    .middle { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.75rem; }
    p { margin: 0.25rem 0; }
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
    .transport { display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem; }
    button { width: 2.75rem; height: 2.75rem; padding: 0.625rem; border: 0; border-radius: 50%;
      color: inherit; background: var(--pst-color-surface); cursor: pointer; }
    button path { fill: none; stroke: currentColor; stroke-width: 2.5; }
    .transport input { flex: 1 1 100%; order: 1; }
    .count { margin-inline-start: auto; }
    .summary { min-height: 6em; }
    .problem:empty, [hidden] { display: none !important; }
    .problem { padding-inline-start: 0.75rem; border-inline-start: 4px solid var(--pst-color-danger); }
    code { font-size: 0.8125rem; }
    @container (min-width: 41rem) {
      .card { padding: 1rem; }
      .stage { grid-template-columns: minmax(0, 2fr) minmax(0, 3fr) minmax(0, 5fr); }
      .middle { grid-template-columns: minmax(0, 1fr); }
      .transport input { flex: 1; order: 0; margin: 0 0.75rem; }
      .summary { min-height: 3em; }
    }
    @media (prefers-reduced-motion: reduce) { .window { transition: none; } }
    @media print { .settings, .transport, .hint { display: none; } }`;

  const SVG = /^(svg|g|rect|text|path)$/;
  const make = (name, attributes = {}, ...children) => {
    const node = document.createElementNS(`http://www.w3.org/${SVG.test(name) ? "2000/svg" : "1999/xhtml"}`, name);
    for (const [key, value] of Object.entries(attributes)) {
      if (typeof value === "function") node.addEventListener(key, value);
      else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  };
  const box = (r, c, attributes = {}, n = 1) =>
    make("rect", { x: c * CELL, y: r * CELL, width: n * CELL, height: n * CELL, ...attributes });
  const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const signed = (value) => String(value).replace("-", "\u2212");
  const move = (window, r, c) => (window.style.transform = `translate(${c * CELL}px, ${r * CELL}px)`);

  class TransposedStepper extends HTMLElement {
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

    disconnectedCallback() {
      this.stop();
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
      const button = (name, click) => {
        const made = make("button", { type: "button", class: name, click });
        this.dress(made, name);
        return made;
      };
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
      this.playButton = button("play", () => (this.timer ? this.stop() : this.play()));
      this.playButton.hidden = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const slide = () => this.go(this.slider.value - 1);
      this.slider = make("input", { type: "range", min: 1, "aria-label": words.position, input: slide });
      this.count = make("span", { class: "count", "aria-hidden": true });
      this.summary = make("p", { class: "summary", "aria-live": "polite" });
      this.problem = make("p", { class: "problem", role: "alert" });
      this.formula = make("p");
      this.call = make("code", { translate: "no" });
      const transport = make(
        "div",
        { class: "transport" },
        button("previous", () => this.go(this.position - 1)),
        this.playButton,
        button("next", () => this.go(this.position + 1)),
        this.slider,
        this.count,
      );
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

    dress(button, name) {
      const icon = make("svg", { viewBox: "0 0 24 24" }, make("path", { d: ICONS[name] }));
      button.replaceChildren(icon);
      button.title = this.words[name];
      button.ariaLabel = button.title;
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

    go(position) {
      this.stop();
      this.position = Math.max(0, Math.min(this.side ** 2 - 1, position));
      this.update();
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

    play() {
      const last = this.side ** 2 - 1;
      const step = () => {
        this.position = (this.position + 1) % (last + 1);
        this.update();
        if (this.position === last) this.stop();
      };
      this.summary.ariaLive = "off"; // a voice could not keep up
      this.timer = setInterval(step, 1200);
      this.dress(this.playButton, "pause");
      step();
    }

    stop() {
      clearInterval(this.timer);
      this.timer = null;
      this.summary.ariaLive = "polite";
      this.dress(this.playButton, "play");
    }
  }

  customElements.define("transposed-stepper", TransposedStepper);
}
