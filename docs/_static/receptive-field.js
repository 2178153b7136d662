// <receptive-field>: how far one output sees, layer by layer. Its words and layers come from the page.
"use strict";
{
  const { fill, make } = globalThis.elements;

  /** The numbers of a layer that a reader can change, from 1 to these. */
  const SETTINGS = { kernel: 7, stride: 3, dilation: 5 };
  const [MOST_LAYERS, LARGEST, NUMBERED, CELL] = [8, 127, 7, 36];
  const PRESETS = {
    plain: "conv3 conv3 conv3",
    middle: "conv3 conv3s2 conv3",
    holes: "conv3d2 conv3d2 conv3d2",
    dense: "conv3 conv3d2 conv3d5",
    vgg: "conv3 conv3 pool2 conv3 conv3 pool2 conv3 conv3",
  };

  /** A pool moves on by its size, a convolution by 1. */
  const usual = (kind, kernel) => (kind === "pool" ? Math.min(kernel, SETTINGS.stride) : 1);

  const parse = (text) =>
    text.split(" ").map((layer) => {
      const [, kind, ...numbers] = /(conv|pool)(\d)(?:s(\d))?(?:d(\d))?/.exec(layer);
      const [kernel, stride, dilation = 1] = numbers.map((number) => number && +number);
      return { kind, kernel, stride: stride ?? usual(kind, kernel), dilation };
    });

  /** What is known of an output after each layer; jumps and fields are counted in input pixels. */
  const grow = (layers) => {
    let [field, jump] = [1, 1];
    return layers.map(({ kernel, stride, dilation }) => {
      const span = dilation * (kernel - 1) + 1;
      const sum = `${field} + ${span - 1} · ${jump} = `;
      field += (span - 1) * jump;
      jump *= stride;
      return { span, stride, jump, field, sum };
    });
  };

  /** Along one axis: how many paths lead from each input to the output. */
  const paths = (layers) =>
    layers.reduceRight(
      (above, { kernel, stride, dilation }) => {
        const below = Array((above.length - 1) * stride + dilation * (kernel - 1) + 1).fill(0);
        above.forEach((count, i) => {
          for (let tap = 0; tap < kernel; tap++) below[i * stride + tap * dilation] += count;
        });
        return below;
      },
      [1],
    );

  /** On an image: the gradient of one output where all weights are one. */
  const gradient = (layers) => {
    const line = paths(layers);
    return line.map((row) => line.map((column) => row * column));
  };

  const STYLE = `
    :host { display: block; container-type: inline-size; }
    * { box-sizing: border-box; }
    .card { min-height: inherit; padding: 0.75rem; border: 1px solid var(--pst-color-border); border-radius: 0.5rem;
      color: var(--pst-color-text-base); background: var(--pst-color-background);
      font-size: 0.9375rem; line-height: 1.5; font-variant-numeric: tabular-nums; }
    .parts { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; margin-top: 0.5rem; }
    .preset { display: grid; }
    .preset, .names, thead, .small { font-size: 0.875rem; color: var(--pst-color-text-muted); }
    select, button { width: 100%; height: 2.75rem; margin: 0; padding: 0 0.125rem;
      border: 1px solid var(--pst-color-border); border-radius: 0.375rem; font: inherit;
      color: var(--pst-color-text-base); background: none; cursor: pointer; }
    .preset select { padding: 0 0.5rem; font-size: 0.9375rem; }
    option { background: var(--pst-color-background); }
    button { background: var(--pst-color-surface); }
    button:disabled { opacity: 0.4; cursor: default; }
    :focus-visible { outline: 3px solid var(--pst-color-accent); outline-offset: 2px; }
    ol { margin: 0; padding: 0; list-style: none; }
    li, .names { display: grid; gap: 0.1875rem; align-items: center; height: 3rem;
      grid-template-columns: 0.75rem minmax(0, 1.7fr) repeat(3, minmax(2.75rem, 1fr)) 2.75rem; }
    .names { height: 1.5rem; font-size: 0.75rem; text-align: center; }
    table { width: 100%; border-collapse: collapse; line-height: 1.25; }
    tr { height: 2rem; }
    th, td { padding: 0 0 0 0.25rem; border-bottom: 1px solid var(--pst-color-border); font-weight: 400;
      text-align: end; }
    th:first-child { padding: 0; text-align: start; white-space: nowrap; }
    .here { font-weight: 600; }
    .here > th { font-weight: inherit; }
    i { display: none; font-style: normal; font-weight: 400; color: var(--pst-color-text-muted); }
    p { margin: 0.25rem 0; }
    .depth { display: flex; align-items: center; gap: 0.75rem; }
    .depth input { flex: 1; min-width: 0; height: 2.75rem; margin: 0; accent-color: var(--pst-color-primary); }
    .rows { display: grid; grid-template-columns: 3rem minmax(0, 1fr); grid-auto-rows: 2.5rem;
      align-items: center; }
    .lines { container-type: inline-size; grid-area: 1 / 2 / span var(--rows); height: 100%; }
    svg { display: block; width: 100%; height: 100%; overflow: visible; }
    .map { max-width: 20rem; aspect-ratio: 1; margin: auto; }
    path, rect { vector-effect: non-scaling-stroke; fill: none; }
    .unit, .reached { stroke: var(--pst-color-border); stroke-linecap: round;
      stroke-width: clamp(1.5px, 60cqi / var(--field), 10px); }
    .reached { stroke: var(--pst-color-primary); }
    .edges { stroke: var(--pst-color-primary); opacity: var(--faint); }
    .grid { stroke: var(--pst-color-border); stroke-width: 0.5; }
    .cells { fill: var(--pst-color-primary); }
    .frame { stroke: var(--pst-color-secondary); stroke-width: 2.5; }
    text { font-size: 0.8125rem; text-anchor: middle; fill: var(--pst-color-text-base); }
    .summary { min-height: 9rem; margin-top: 0.75rem; }
    [hidden] { display: none !important; }
    .problem { padding-inline-start: 0.75rem; border-inline-start: 4px solid var(--pst-color-danger); }
    @container (min-width: 41rem) {
      .card { padding: 1rem; }
      .parts { grid-template-columns: 20.5rem minmax(0, 1fr); gap: 1rem 1.5rem; }
      .drawings { grid-template-columns: minmax(0, 1fr) 20rem; }
      .names { height: 4rem; align-items: end; }
      .rows { grid-auto-rows: 1fr; height: 20rem; }
      tbody tr + tr { height: 3rem; }
      .summary { min-height: 4.5rem; }
    }
    @container (min-width: 45rem) { i { display: inline; } }
    @container (max-width: 20rem) {
      .names { font-size: 0.6875rem; }
      li select { font-size: 0.8125rem; }
    }
    @media print { .preset, .editor, .depth, .hint { display: none; } }`;

  const line = (name, d, more = {}) => make("path", { class: name, d: d.join(""), ...more });
  const square = (x, y, side, height = side) =>
    make("rect", { class: "frame", x, y, width: side, height });
  const range = (n) => [...Array(n).keys()];

  class ReceptiveField extends HTMLElement {
    static parse = parse;
    static grow = grow;
    static gradient = gradient;

    connectedCallback() {
      if (this.shadowRoot) return;
      this.words = JSON.parse(this.dataset.labels);
      this.format = new Intl.NumberFormat(this.lang).format;
      this.attachShadow({ mode: "open" });
      this.lay();
      this.stack(parse(this.dataset.layers));
    }

    lay() {
      const { words } = this;
      const option = (value) => make("option", { value }, words[value]);
      const choose = () => this.stack(parse(PRESETS[this.select.value]));
      this.select = make("select", { change: choose }, ...[...Object.keys(PRESETS), "own"].map(option));
      this.select.lastChild.disabled = true; // whoever changes a layer gets it
      this.list = make("ol");
      this.add = make("button", { type: "button", click: () => this.grow() }, words.add);
      this.rows = make("tbody");
      const look = () => this.look(+this.slider.value);
      this.slider = make("input", { type: "range", min: 1, "aria-label": words.depth, input: look });
      this.count = make("span", { "aria-hidden": true });
      this.problem = make("p", { class: "problem", role: "alert" });
      this.summary = make("p", { class: "summary", "aria-live": "polite" });
      const div = (name, ...children) => make("div", { class: name }, ...children);
      const small = (key, name = "") => make("p", { class: `small ${name}` }, words[key]);
      const cells = (kind, more, ...names) => names.map((name) => make(kind, more, words[name] ?? ""));
      this.lines = div("rows");
      this.map = div("map");
      this.drawings = div(
        "parts drawings",
        div("", small("lines"), this.lines),
        div("", small("map"), this.map),
      );
      const names = make("div", { class: "names", "aria-hidden": true });
      names.append(...cells("span", {}, "", "kind", ...Object.keys(SETTINGS)));
      const heads = cells("th", { scope: "col" }, "layer", "span", "stride", "jump", "field");
      const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), this.rows);
      const card = make(
        "div",
        { class: "card", role: "group", "aria-label": words.title },
        make("label", { class: "preset" }, words.stack, this.select),
        div("parts", div("editor", names, this.list, this.add), div("", table, small("rule"))),
        div("depth", make("span", { "aria-hidden": true }, words.depth), this.slider, this.count),
        this.drawings,
        this.problem,
        this.summary,
        small("hint", "hint"),
      );
      this.shadowRoot.append(make("style", {}, STYLE), card);
    }

    /** Take other layers, or as many as there are now. */
    stack(layers) {
      const { words } = this;
      this.layers = layers;
      const n = layers.length;
      this.list.replaceChildren(
        ...layers.map((layer, i) => {
          const place = { number: i + 1 };
          const choice = (name, values) => {
            const change = ({ target }) => {
              layer[name] = name === "kind" ? target.value : +target.value;
              if (name === "kind") {
                layer.stride = usual(layer.kind, layer.kernel);
                item.querySelectorAll("select")[2].value = layer.stride;
              }
              this.update();
            };
            const options = values.map((value) => make("option", { value }, words[value] ?? value));
            const label = fill(words.setting, { ...place, setting: words[name] });
            const select = make("select", { "aria-label": label, change }, ...options);
            select.value = layer[name];
            return select;
          };
          const numbers = Object.entries(SETTINGS).map(([name, most]) =>
            choice(name, range(most).map((value) => value + 1)),
          );
          const label = fill(words.remove, place);
          const attributes = { type: "button", title: label, "aria-label": label };
          const remove = make("button", { ...attributes, click: () => this.shrink(i) }, "×");
          remove.disabled = n === 1;
          const item = make("li", {}, `${i + 1}`, choice("kind", ["conv", "pool"]), ...numbers, remove);
          return item;
        }),
      );
      this.add.disabled = n === MOST_LAYERS;
      this.depth = this.slider.max = n;
      this.update();
    }

    grow() {
      this.stack([...this.layers, ...parse("conv3")]);
      if (this.add.disabled) this.list.lastChild.querySelector("select").focus();
    }

    shrink(i) {
      this.stack(this.layers.filter((_, k) => k !== i));
      const buttons = this.list.querySelectorAll("button:enabled");
      (buttons[Math.min(i, buttons.length - 1)] ?? this.add).focus();
    }

    update() {
      const { words, layers } = this;
      const same = (name) => JSON.stringify(parse(PRESETS[name])) === JSON.stringify(layers);
      this.select.value = Object.keys(PRESETS).find(same) ?? "own";
      this.grown = [{ jump: 1, field: 1 }, ...grow(layers)];
      this.rows.replaceChildren(
        ...this.grown.map(({ span = "", stride = "", jump, field, sum = "" }, i) => {
          const name = i ? `${i}. ${words[layers[i - 1].kind]} ${layers[i - 1].kernel}` : words.input;
          const cells = [span, stride, jump].map((value) => make("td", {}, value));
          const total = make("td", {}, make("i", {}, sum), field);
          return make("tr", {}, make("th", { scope: "row" }, name), ...cells, total);
        }),
      );
      this.look(this.depth);
    }

    /** Look at an output of one of the layers. */
    look(depth) {
      const { words, layers, grown, format } = this;
      this.depth = this.slider.value = depth;
      const total = layers.length;
      this.count.textContent = fill(words.count, { number: depth, total });
      this.slider.setAttribute("aria-valuetext", this.count.textContent);
      [...this.rows.children].forEach((row, i) => row.classList.toggle("here", i === depth));
      const { field: size, jump } = grown[depth];
      const whole = grown[total].field;
      const fits = whole <= LARGEST;
      this.problem.hidden = fits;
      this.drawings.hidden = this.summary.hidden = !fits;
      this.problem.textContent = fits ? "" : fill(words.large, { size: format(whole), most: LARGEST });
      if (!fits) return;
      const middle = (paths(layers.slice(depth)).length - 1) >> 1;
      this.drawLines(middle * jump, size, whole);
      const counts = paths(layers.slice(0, depth));
      this.drawMap(middle * jump, counts, whole);
      const some = counts.filter(Boolean);
      const [all, reached] = [size ** 2, some.length ** 2];
      const values = { all, reached, missed: all - reached, size, layer: depth };
      for (const key in values) values[key] = format(values[key]);
      const ends = [Math.min(...some), Math.max(...some)].map((count) => format(count ** 2));
      values.paths = [...new Set(ends)].join("–");
      this.summary.textContent = fill(reached === all ? words.full : words.missed, values).replaceAll(" × ", "\u00a0×\u00a0");
    }

    /** A row of dots for each layer, the input below, and lines to what one output depends on. */
    drawLines(start, size, whole) {
      const { words, layers, grown, depth } = this;
      const n = layers.length;
      const [units, reached, edges] = [[], [], []];
      const at = (unit, i) => `${unit * grown[i].jump + grown[i].field / 2} ${n - i + 0.5}`;
      grown.forEach(({ jump }, i) => {
        const dot = (unit) => `M${at(unit, i)}h.001`;
        units.push(...range(paths(layers.slice(i)).length).map(dot));
        if (i > depth) return;
        paths(layers.slice(i, depth)).forEach((count, k) => {
          const unit = start / jump + k;
          if (!count) return;
          reached.push(dot(unit));
          if (!i) return;
          const { kernel, stride, dilation } = layers[i - 1];
          for (const tap of range(kernel)) {
            edges.push(`M${at(unit, i)}L${at(unit * stride + tap * dilation, i - 1)}`);
          }
        });
      });
      const view = { viewBox: `0 0 ${whole} ${n + 1}`, preserveAspectRatio: "none" };
      const svg = make("svg", { ...view, role: "img", "aria-label": words.lines });
      svg.append(line("edges", edges), line("unit", units), line("reached", reached), square(start, n + 0.2, size, 0.6));
      const drawing = make("div", { class: "lines" }, svg);
      const style = { rows: n + 1, field: whole, faint: Math.max(0.2, Math.min(0.8, 60 / edges.length)) };
      for (const key in style) drawing.style.setProperty(`--${key}`, style[key]);
      const labels = grown.map((_, i) => make("span", { class: "small" }, i ? `${i}` : words.input));
      this.lines.replaceChildren(...labels.reverse(), drawing);
    }

    /** The stronger the colour of a pixel, the more paths lead from it to the output. */
    drawMap(start, counts, whole) {
      const side = (whole + 2) * CELL;
      const largest = Math.max(...counts) ** 2;
      const numbered = whole <= NUMBERED;
      const levels = range(11).map(() => []);
      const texts = [];
      counts.forEach((row, r) =>
        counts.forEach((column, c) => {
          const [x, y, count] = [(start + c + 1) * CELL, (start + r + 1) * CELL, row * column];
          levels[Math.ceil((10 * count) / largest)].push(`M${x} ${y}h${CELL}v${CELL}h${-CELL}z`);
          if (numbered) texts.push(make("text", { x: x + CELL / 2, y: y + CELL * 0.63 }, this.format(count)));
        }),
      );
      const view = { viewBox: `0 0 ${side} ${side}` };
      const svg = make("svg", { ...view, role: "img", "aria-label": this.words.map });
      levels.slice(1).forEach((cells, i) => {
        svg.append(line("cells", cells, { "fill-opacity": numbered ? 0.04 * (i + 1) : 0.2 + 0.08 * i }));
      });
      const ticks = range(whole < 40 ? whole + 3 : 0).map((i) => i * CELL);
      svg.append(line("grid", ticks.map((at) => `M${at} 0v${side}M0 ${at}h${side}`)), ...texts);
      const frame = (start + 1) * CELL;
      svg.append(square(frame, frame, counts.length * CELL));
      this.map.replaceChildren(svg);
    }
  }

  customElements.define("receptive-field", ReceptiveField);
}
