// <autograd-engine>: a small graph with its values, and the backward pass, node by node. Its words come from the page.
"use strict";
{
  const { fill, make } = globalThis.elements;

  /** Each returns its result and its local derivatives, one for each parent. */
  const OPERATIONS = {
    "+": (a, b) => [a + b, 1, 1],
    "−": (a, b) => [a - b, 1, -1],
    "·": (a, b) => [a * b, b, a],
    tanh: (a) => {
      const t = Math.tanh(a);
      return [t, 1 - t * t];
    },
  };

  /** Leaves with their numbers, the tape, and where each box stands: a column, and a level from above. */
  const EXPRESSIONS = {
    neuron: {
      formula: "(tanh(w1·x1 + w2·x2 + b) − t)²",
      leaves: { w1: 0.5, x1: 2, w2: -1, x2: 1, b: 0.5, t: 1 },
      tape: "p1 = w1 · x1, p2 = w2 · x2, q = p1 + p2, s = q + b, h = tanh(s), e = h − t, loss = e · e",
      places: "w1 0 0, x1 1 0, w2 2 0, x2 3 0, p1 0.5 1, p2 2.5 1, q 1.5 2, b 3 2, s 1.5 3, h 1.5 4, t 3 4, e 1.5 5, loss 1.5 6",
    },
    twice: {
      formula: "a·b + a",
      leaves: { a: 2, b: 5 },
      tape: "p = a · b, z = p + a",
      places: "a 0.5 0, b 2.5 0, p 2 1, z 1 2",
    },
    chain: {
      formula: "tanh(c·tanh(b·tanh(a·x)))",
      leaves: { x: 1, a: 2, b: 2, c: 2 },
      tape: "p = a · x, q = tanh(p), r = b · q, s = tanh(r), u = c · s, y = tanh(u)",
      places: "x 1 0, a 2.5 0, p 1 1, q 1 2, b 2.5 2, r 1 3, s 1 4, c 2.5 4, u 1 5, y 1 6",
    },
  };
  const LARGEST = 99;
  /** In em: how high a box is, that of a leaf, and how far apart they stand. */
  const [HIGH, LEAF, GAP] = [3.5, 5.5, 1.25];

  /** Compute forward. A node keeps its parents, its local derivatives and a place for its gradient. */
  const forward = ({ tape }, numbers) => {
    const nodes = {};
    for (const name in numbers) nodes[name] = { name, value: numbers[name], parents: [], gradient: 0 };
    for (const line of tape.split(", ")) {
      const [name, formula] = line.split(" = ");
      const [operation] = /tanh|[+−·]/.exec(formula);
      const parents = formula.match(/\b(?!tanh)\w+/g).map((parent) => nodes[parent]);
      const [value, ...locals] = OPERATIONS[operation](...parents.map((parent) => parent.value));
      nodes[name] = { name, line, value, parents, locals, gradient: 0 };
    }
    return nodes;
  };

  /** Go back as many steps; return the last node, and what it added to the gradients of its parents. */
  const backward = (nodes, steps = Infinity) => {
    const order = Object.values(nodes).filter((node) => node.line).reverse();
    if (steps) order[0].gradient = 1;
    let last = { node: steps ? order[0] : null, added: [] };
    for (const node of order.slice(0, Math.max(0, steps - 1))) {
      const added = node.parents.map((parent, i) => {
        const [before, local] = [parent.gradient, node.locals[i]];
        parent.gradient += node.gradient * local;
        return { parent, before, local, after: parent.gradient };
      });
      last = { node, added };
    }
    return last;
  };

  /** All values and gradients, by name. */
  const compute = (expression, numbers, steps) => {
    const nodes = forward(EXPRESSIONS[expression], numbers);
    backward(nodes, steps);
    return Object.fromEntries(Object.values(nodes).map((node) => [node.name, [node.value, node.gradient]]));
  };

  const STYLE = `
    :host { display: block; container-type: inline-size; }
    * { box-sizing: border-box; }
    .card { min-height: inherit; padding: 0.75rem; border: 1px solid var(--pst-color-border); border-radius: 0.5rem;
      color: var(--pst-color-text-base); background: var(--pst-color-background);
      font-size: 0.9375rem; line-height: 1.5; font-variant-numeric: tabular-nums; }
    .parts { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; margin-top: 1rem; }
    .choose { display: grid; }
    .choose, .small, thead { font-size: 0.875rem; color: var(--pst-color-text-muted); }
    select, button, input { width: 100%; height: 2.75rem; margin: 0; padding: 0 0.5rem;
      border: 1px solid var(--pst-color-border); border-radius: 0.375rem; font: inherit;
      color: var(--pst-color-text-base); background: none; }
    select { padding: 0 0.25rem; font-size: 0.9375rem; }
    option { background: var(--pst-color-background); }
    button { background: var(--pst-color-surface); line-height: 1.2; cursor: pointer; }
    .next { color: var(--pst-color-primary-text); background: var(--pst-color-primary); }
    [aria-disabled=true] { opacity: 0.4; cursor: default; }
    :focus-visible { outline: 3px solid var(--pst-color-accent); outline-offset: 2px; z-index: 1; }
    .graph { position: relative; width: 100%; max-width: 24rem; margin: auto; font-size: 1rem; }
    svg { position: absolute; width: 100%; height: 100%; }
    line { stroke: var(--pst-color-text-muted); stroke-width: 1.5; }
    #plain { fill: var(--pst-color-text-muted); }
    line.now { stroke: var(--pst-color-secondary); stroke-width: 3; }
    #now { fill: var(--pst-color-secondary); }
    .node { position: absolute; display: grid; align-content: space-evenly; width: 23%; border-radius: 0.375rem;
      border: 1px solid var(--pst-color-text-muted); text-align: center; line-height: 1; background: var(--pst-color-background); }
    .node > * { font-size: 0.8125rem; }
    .leaf { padding: 0 2px; background: var(--pst-color-surface); }
    .now { background: var(--pst-color-secondary-bg); }
    .got { border: 2px solid var(--pst-color-secondary); }
    .name { font-weight: 600; }
    .value, input { color: var(--pst-color-primary); }
    input { padding: 0; border-color: var(--pst-color-text-muted); text-align: center; appearance: textfield;
      background: var(--pst-color-background); }
    input::-webkit-inner-spin-button { appearance: none; }
    [aria-invalid=true] { border: 2px solid var(--pst-color-danger); }
    .gradient { color: var(--pst-color-secondary); }
    .none { color: var(--pst-color-text-muted); }
    .buttons { display: grid; grid-template-columns: 1fr 1fr; gap: 0.5rem; }
    p { margin: 0.5rem 0; }
    .said { min-height: 8.5rem; }
    .said span { display: block; }
    table { width: 100%; border-collapse: collapse; line-height: 1.25; }
    tr { height: 1.75rem; }
    th, td { padding: 0 0.25rem; border-bottom: 1px solid var(--pst-color-border); font-weight: 400; text-align: end; }
    th:first-child { text-align: start; }
    .problem { padding-inline-start: 0.75rem; border-inline-start: 4px solid var(--pst-color-danger); }
    .problem:empty { display: none; }
    @container (min-width: 41rem) {
      .card { padding: 1rem; }
      .parts { grid-template-columns: minmax(0, 1.1fr) minmax(0, 1fr); gap: 1.5rem; }
      .graph { margin: 0 auto; }
    }
    @media print { .choose, .buttons, .said { display: none; } }`;

  const show = (value) => String(+value.toPrecision(3)).replaceAll("-", "−");
  const factor = (value) => (value < 0 ? `(${show(value)})` : show(value));

  class AutogradEngine extends HTMLElement {
    static compute = compute;

    connectedCallback() {
      if (this.shadowRoot) return;
      this.words = JSON.parse(this.dataset.labels);
      this.attachShadow({ mode: "open" });
      /** Whoever comes back to an expression finds the own numbers. */
      this.kept = {};
      for (const name in EXPRESSIONS) this.kept[name] = { ...EXPRESSIONS[name].leaves };
      this.lay();
      this.choose(this.dataset.expression);
    }

    lay() {
      const { words } = this;
      const options = Object.entries(EXPRESSIONS).map(([value, { formula }]) => make("option", { value }, formula));
      this.select = make("select", { change: () => this.choose(this.select.value) }, ...options);
      this.graph = make("div", { class: "graph" });
      const to = { again: () => 0, back: () => this.step - 1, next: () => this.step + 1, all: () => this.total };
      this.buttons = Object.keys(to).map((name) =>
        make("button", { type: "button", class: name, click: () => this.go(to[name]()) }, words[name]),
      );
      this.said = make("p", { class: "said", "aria-live": "polite" });
      this.problem = make("p", { class: "problem", role: "alert" });
      this.rows = make("tbody");
      const heads = ["operation", "local"].map((name) => make("th", { scope: "col" }, words[name]));
      const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), this.rows);
      const buttons = make("div", { class: "buttons" }, ...this.buttons);
      const legend = make("p", { class: "small" }, words.legend);
      const card = make(
        "div",
        { class: "card", role: "group", "aria-label": words.title },
        make("label", { class: "choose" }, words.expression, this.select),
        make(
          "div",
          { class: "parts" },
          this.graph,
          make("div", {}, buttons, this.problem, this.said, table, legend),
        ),
      );
      this.shadowRoot.append(make("style", {}, STYLE), card);
    }

    choose(name) {
      this.select.value = name;
      this.expression = EXPRESSIONS[name];
      this.numbers = this.kept[name];
      this.problem.textContent = "";
      this.step = 0;
      this.total = this.expression.tape.split(", ").length + 1;
      this.draw();
      this.update();
    }

    go(step) {
      this.step = Math.max(0, Math.min(this.total, step));
      this.update();
    }

    /** Draw the boxes and the arrows. */
    draw() {
      const { expression, numbers, words } = this;
      const places = expression.places.split(", ").map((place) => place.split(" "));
      const heights = [];
      for (const [name, , level] of places) heights[level] = Math.max(heights[level] ?? 0, name in numbers ? LEAF : HIGH);
      const top = (level) => heights.slice(0, level).reduce((sum, height) => sum + height + GAP, 0);
      const at = {};
      this.boxes = {};
      for (const [name, column, level] of places) {
        const leaf = name in numbers;
        const high = leaf ? LEAF : HIGH;
        const y = top(level) + (heights[level] - high) / 2;
        const x = (+column + 0.5) * 25;
        at[name] = { x, y, end: y + high };
        const change = ({ type }) => this.change(name, value, type);
        const value = leaf
          ? make("input", { type: "number", step: "any", min: -LARGEST, max: LARGEST, value: numbers[name], "aria-label": name, input: change, blur: change })
          : make("span", { class: "value" });
        const gradient = make("span", { class: "gradient", role: "img" });
        const style = `left: ${x - 11.5}%; top: ${y}em; height: ${high}em`;
        const box = make("div", { class: "node", style }, make("span", { class: "name" }, name), value, gradient);
        this.boxes[name] = { box, value, gradient };
      }
      const svg = make("svg", { "aria-hidden": true });
      for (const id of ["plain", "now"]) {
        const shape = make("path", { d: "M0 0l8 4-8 4z" });
        svg.append(make("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" }, shape));
      }
      this.arrows = {};
      for (const { name, parents } of Object.values(forward(expression, numbers))) {
        this.arrows[name] = parents.map((parent, i) => {
          const [start, end] = [at[parent.name], at[name]];
          const aside = parents[0] === parents[1] ? 10 * i - 5 : 0; // two arrows side by side
          const far = start.x - end.x;
          const [dx, dy] = Math.abs(far) > 30 ? [11.5, HIGH / 2] : [5, 0]; // to its side, or to its top
          const x2 = end.x + (aside || dx * Math.sign(far));
          return make("line", { x1: `${start.x + aside}%`, y1: `${start.end}em`, x2: `${x2}%`, y2: `${end.y + dy}em` });
        });
        svg.append(...this.arrows[name]);
      }
      this.graph.style.height = `${top(heights.length) - GAP}em`;
      this.graph.replaceChildren(svg, ...places.map(([name]) => this.boxes[name].box));
    }

    change(name, input, type) {
      const number = input.valueAsNumber;
      const good = Math.abs(number) <= LARGEST;
      if (good) this.numbers[name] = number;
      else if (type === "input" && Number.isNaN(number)) return; // on the way to a number
      input.setAttribute("aria-invalid", !good);
      const bad = Object.keys(this.numbers).find((leaf) => this.boxes[leaf].value.ariaInvalid === "true");
      const values = { name: bad, most: LARGEST, value: show(this.numbers[bad] ?? 0) };
      this.problem.textContent = bad ? fill(this.words.bad, values) : "";
      if (good) this.update();
    }

    update() {
      const { words, step, total } = this;
      const nodes = forward(this.expression, this.numbers);
      const { node, added } = backward(nodes, step);
      const all = Object.values(nodes);
      const reached = new Set();
      const tape = all.filter(({ line }) => line);
      tape.slice(total - Math.max(1, step)).forEach(({ parents }) => parents.forEach(({ name }) => reached.add(name)));
      if (step) reached.add(tape.at(-1).name);
      const got = added.map(({ parent }) => parent.name);
      for (const { name, line, value, gradient } of all) {
        const { box, value: shown, gradient: below } = this.boxes[name];
        if (line) shown.textContent = show(value);
        below.textContent = show(gradient);
        below.ariaLabel = fill(words.gradient, { name, value: show(gradient) });
        below.classList.toggle("none", !reached.has(name));
        box.className = `node ${line ? "" : "leaf"} ${node?.name === name ? "now" : ""} ${got.includes(name) ? "got" : ""}`;
        for (const arrow of this.arrows[name]) {
          const now = step > 1 && node.name === name ? "now" : "plain";
          arrow.setAttribute("class", now);
          arrow.setAttribute("marker-end", `url(#${now})`);
        }
      }
      this.rows.replaceChildren(
        ...tape.map(({ name, line, locals }) => {
          const now = node?.name === name;
          const cells = [make("th", { scope: "row" }, line), make("td", {}, locals.map(show).join("; "))];
          return make("tr", now ? { class: "now", "aria-current": "step" } : {}, ...cells);
        }),
      );
      const values = { number: step, total, name: node?.name, value: node && show(node.gradient) };
      const sums = added.map(({ parent, before, local, after }) =>
        make("span", {}, `${parent.name}: ${show(before)} + ${factor(node.gradient)} · ${factor(local)} = ${show(after)}`),
      );
      const end = step === total ? [make("span", {}, words.end)] : [];
      const key = ["start", "seed"][step] ?? "step";
      this.said.replaceChildren(fill(words[key], values), ...sums, ...end);
      this.buttons.forEach((button, i) => button.setAttribute("aria-disabled", step === (i < 2 ? 0 : total)));
    }
  }

  customElements.define("autograd-engine", AutogradEngine);
}
