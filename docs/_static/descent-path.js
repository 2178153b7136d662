// <descent-path>: steps of an optimiser down a surface. Its words and settings come from the page.
"use strict";
{
  const { fill, make, signed } = globalThis.elements;

  const [STEPS, WIDE, SIDE, GRID, EPSILON] = [60, 4, 400, 64, 1e-8];
  const LARGEST_EIGENVALUE = 10;

  /** Each is 4 wide and begins at x = -2; none is below 0. Contours lie where the root of the loss is a multiple. */
  const SURFACES = {
    valley: {
      formula: "½ (x² + 10 y²)",
      loss: (x, y) => (x * x + 10 * y * y) / 2,
      slope: (x, y) => [x, 10 * y],
      start: [-1.8, 1],
      minima: [[0, 0]],
      bottom: -2,
      apart: 0.4,
    },
    curved: {
      formula: "⅛ (1 − x)² + ¼ (y − x²)²",
      loss: (x, y) => (1 - x) ** 2 / 8 + (y - x * x) ** 2 / 4,
      slope: (x, y) => [(x - 1) / 4 - x * (y - x * x), (y - x * x) / 2],
      start: [-1.5, 0.5],
      minima: [[1, 1]],
      bottom: -1,
      apart: 0.2,
    },
    saddle: {
      formula: "¼ (x² − 1)² + ½ y²",
      loss: (x, y) => (x * x - 1) ** 2 / 4 + (y * y) / 2,
      slope: (x, y) => [x * (x * x - 1), y],
      start: [0.05, 1.7],
      minima: [[-1, 0], [1, 0]],
      bottom: -2,
      apart: 0.125,
    },
  };

  /** As in torch.optim: what one coordinate moves by, from its gradient and what it kept (m, v). */
  const OPTIMISERS = {
    sgd: (g, kept, rate, beta) => rate * (kept.m = beta * kept.m + g),
    rmsprop: (g, kept, rate, beta) => {
      kept.v = 0.99 * kept.v + (1 - 0.99) * g * g;
      return rate * (kept.m = beta * kept.m + g / (Math.sqrt(kept.v) + EPSILON));
    },
    adam: (g, kept, rate, beta, step) => {
      kept.m += (1 - beta) * (g - kept.m);
      kept.v = 0.999 * kept.v + (1 - 0.999) * g * g;
      const size = Math.sqrt(kept.v) / Math.sqrt(1 - 0.999 ** step) + EPSILON;
      return (rate / (1 - beta ** step)) * (kept.m / size);
    },
  };
  const CALLS = {
    sgd: "SGD(params, lr={rate}, momentum={beta})",
    rmsprop: "RMSprop(params, lr={rate}, alpha=0.99, momentum={beta})",
    adam: "Adam(params, lr={rate}, betas=({beta}, 0.999))",
  };

  /** The points of a path, the start first. It ends before the loss overflows. */
  const descend = (surface, optimiser, rate, beta, start) => {
    const { loss, slope } = SURFACES[surface];
    const kept = start.map(() => ({ m: 0, v: 0 }));
    const path = [start];
    for (let step = 1; step <= STEPS; step++) {
      const at = path.at(-1);
      const g = slope(...at);
      const next = at.map((x, i) => x - OPTIMISERS[optimiser](g[i], kept[i], rate, beta, step));
      if (!Number.isFinite(loss(...next))) break;
      path.push(next);
    }
    return path;
  };

  /** From here on SGD diverges on the quadratic valley. */
  const bound = (beta) => +((2 * (1 + beta)) / LARGEST_EIGENVALUE).toFixed(3);

  const across = (x) => ((x + WIDE / 2) / WIDE) * SIDE;
  const place = ([x, y], { bottom }) =>
    [across(x), (1 - (y - bottom) / WIDE) * SIDE].map((at) =>
      Math.max(-1e5, Math.min(1e5, at)).toFixed(1),
    );

  /** Lines of equal loss, through a grid of triangles. */
  const contours = (surface) => {
    const { loss, bottom, apart } = surface;
    const corner = (c, r) => {
      const at = [(c / GRID - 0.5) * WIDE, bottom + (r / GRID) * WIDE];
      return { at, level: Math.sqrt(loss(...at)) / apart };
    };
    let d = "";
    const cross = (...corners) => {
      const levels = corners.map(({ level }) => level);
      for (let k = Math.floor(Math.min(...levels)) + 1; k <= Math.max(...levels); k++) {
        const ends = [];
        corners.forEach((a, i) => {
          const b = corners[(i + 1) % 3];
          if (a.level < k === b.level < k) return;
          const part = (k - a.level) / (b.level - a.level);
          ends.push(place(a.at.map((x, axis) => x + part * (b.at[axis] - x)), surface));
        });
        if (ends.length) d += `M${ends[0]}L${ends[1]}`;
      }
    };
    for (let i = 0; i < GRID * GRID; i++) {
      const [c, r] = [i % GRID, Math.floor(i / GRID)];
      const [a, b] = [corner(c, r), corner(c + 1, r + 1)];
      cross(a, corner(c + 1, r), b);
      cross(a, corner(c, r + 1), b);
    }
    return d;
  };

  const STYLE = `
    :host { display: block; container-type: inline-size; }
    * { box-sizing: border-box; }
    .card { padding: 0.75rem; border: 1px solid var(--pst-color-border); border-radius: 0.5rem;
      color: var(--pst-color-text-base); background: var(--pst-color-background);
      font-size: 0.9375rem; line-height: 1.5; font-variant-numeric: tabular-nums; }
    .card, .controls { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.75rem; }
    .selects, .buttons { display: grid; grid-auto-columns: minmax(0, 1fr); grid-auto-flow: column; gap: 0.5rem; }
    .selects label { display: grid; }
    .selects, .formula, .hint { font-size: 0.875rem; color: var(--pst-color-text-muted); }
    select, button { width: 100%; height: 2.75rem; margin: 0; padding: 0 0.375rem;
      border: 1px solid var(--pst-color-border); border-radius: 0.375rem; font: inherit;
      color: var(--pst-color-text-base); background: none; cursor: pointer; }
    option { background: var(--pst-color-background); }
    button { background: var(--pst-color-surface); }
    .run { color: var(--pst-color-primary-text); background: var(--pst-color-primary); }
    button:disabled { opacity: 0.4; cursor: default; }
    :focus-visible { outline: 3px solid var(--pst-color-accent); outline-offset: 2px; }
    .name { display: flex; justify-content: space-between; }
    input { display: block; width: 100%; height: 2.75rem; margin: -0.375rem 0; accent-color: var(--pst-color-primary); }
    .mark { width: calc(0.5rem + (100% - 1rem) * var(--at)); margin-top: -0.625rem; padding-inline-end: 0.25rem;
      border-inline-end: 2px solid var(--pst-color-danger); font-size: 0.8125rem; text-align: end; }
    p { margin: 0; }
    .formula { margin-top: 0.25rem; text-align: center; }
    .bound { min-height: 7.5em; }
    .summary { min-height: 6em; font-weight: 600; }
    .bad { padding-inline-start: 0.75rem; border-inline-start: 4px solid var(--pst-color-danger); }
    .call { min-height: 3em; text-align: center; }
    code { font-size: 0.8125rem; }
    .hint { min-height: 7.5em; }
    svg { display: block; width: 100%; max-width: 23.75rem; aspect-ratio: 1; margin: auto; border: 1px solid var(--pst-color-border);
      border-radius: 0.375rem; overflow: hidden; cursor: crosshair; }
    path { fill: none; stroke: var(--pst-color-primary); stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
    .contours { stroke-width: 1; opacity: 0.45; }
    .minima { stroke: var(--pst-color-text-base); stroke-width: 2.5; }
    .points { stroke-width: 5; }
    .here { stroke-width: 12; }
    .contours, .ticks { stroke: var(--pst-color-text-muted); }
    text { font-size: 0.9375rem; fill: var(--pst-color-text-muted); paint-order: stroke;
      stroke: var(--pst-color-background); stroke-width: 4; }
    .start { outline: 0; cursor: grab; touch-action: none; }
    .grip { fill: transparent; }
    .dot { fill: var(--pst-color-background); stroke: var(--pst-color-secondary); stroke-width: 5; }
    .start:focus-visible .dot { stroke: var(--pst-color-accent); stroke-width: 9; }
    @container (min-width: 41rem) {
      .card { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0.75rem 1.5rem; padding: 1rem; }
      .bound { min-height: 6em; }
      .summary { min-height: 4.5em; }
      .hint { grid-column: 1 / -1; min-height: 4.5em; }
    }
    @container (max-width: 20rem) {
      .bound, .hint { min-height: 9em; }
      .call { min-height: 4.5em; }
    }
    @media print { .hint, .buttons, input { display: none; } }`;

  const say = (node, text) => {
    if (node.textContent !== text) node.textContent = text; // a voice reads what changes
  };
  const short = (value) => signed(value.toPrecision(3));

  class DescentPath extends HTMLElement {
    static descend = descend;
    static bound = bound;

    connectedCallback() {
      if (this.shadowRoot) return;
      const { labels, surface, optimiser, rate, momentum } = this.dataset;
      this.words = JSON.parse(labels);
      this.attachShadow({ mode: "open" });
      this.lay();
      this.betas = { sgd: 0, rmsprop: 0, adam: 0.9 }; // as torch.optim has them
      if (momentum) this.betas[optimiser] = +momentum;
      this.rate = +rate;
      this.steps = 20;
      this.optimiser.value = optimiser;
      this.rateSlider.value = Math.log10(rate);
      this.choose(surface);
    }

    disconnectedCallback() {
      this.stop();
    }

    lay() {
      const { words } = this;
      const div = (name, ...children) => make("div", { class: name }, ...children);
      const select = (name, values, change) => {
        this[name] = make("select", { change }, ...values.map((value) => make("option", { value }, words[value])));
        return make("label", {}, words[name], this[name]);
      };
      const slider = (name, limits, input) => {
        this[`${name}Slider`] = make("input", { type: "range", "aria-label": words[name], ...limits, input });
        this[`${name}Value`] = make("b");
        const label = div("name", make("span", {}, words[name]), this[`${name}Value`]);
        return div("", label, this[`${name}Slider`]);
      };
      const button = (name, click) => (this[name] = make("button", { type: "button", class: name, click }, words[name]));
      const part = (name) => (this[name] = make("p", { class: name }));
      const rate = slider("rate", { min: -3, max: 0, step: 0.02 }, () => {
        this.rate = +(10 ** this.rateSlider.value).toPrecision(3);
        this.update();
      });
      this.mark = make("div", { class: "mark", "aria-hidden": true });
      rate.append(this.mark);
      const beta = slider("momentum", { min: 0, max: 0.99, step: 0.01 }, () => {
        this.betas[this.optimiser.value] = +this.momentumSlider.value;
        this.update();
      });
      this.drawing = make("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "group", "aria-label": words.drawing });
      this.drawing.addEventListener("click", (event) => this.point(event));
      const selects = div(
        "selects",
        select("surface", Object.keys(SURFACES), () => this.choose(this.surface.value)),
        select("optimiser", Object.keys(OPTIMISERS), () => this.update()),
      );
      const buttons = div(
        "buttons",
        button("step", () => this.go(Math.min(this.steps, this.last) + 1)),
        button("run", () => (this.timer ? this.stop() : this.play())),
        button("reset", () => this.go(0)),
      );
      this.news = make("div", { class: "controls", "aria-live": "polite" }, part("summary"), part("bound"));
      this.call = make("code", { translate: "no" });
      const call = make("p", { class: "call" }, this.call);
      const card = make(
        "div",
        { class: "card", role: "group", "aria-label": words.title },
        div("", this.drawing, part("formula"), call),
        div("controls", selects, rate, beta, buttons, this.news),
        make("p", { class: "hint" }, words.hint),
      );
      this.shadowRoot.append(make("style", {}, STYLE), card);
    }

    /** Draw a surface, with its usual start. */
    choose(name) {
      this.surface.value = name;
      const surface = (this.shape = SURFACES[name]);
      surface.contours ??= contours(surface);
      this.formula.textContent = `${this.words.loss} = ${surface.formula}`;
      const cross = surface.minima.map((at) => `M${place(at, surface)}m-6 0h12m-6-6v12`);
      const ticks = [1, 2, 3].map((i) => (i * SIDE) / WIDE);
      const numbers = ticks.flatMap((at, i) => [
        make("text", { x: at, y: SIDE - 12, "text-anchor": "middle" }, signed(i - 1)),
        make("text", { x: 12, y: SIDE - at + 5 }, signed(i + 1 + surface.bottom)),
      ]);
      const line = (key) => (this[key] = make("path", { class: key }));
      const pointermove = (event) => event.buttons && this.grip.hasPointerCapture(event.pointerId) && this.point(event);
      const pointerdown = ({ pointerId }) => this.grip.setPointerCapture(pointerId);
      const keydown = (event) => {
        const move = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
        if (!move) return;
        event.preventDefault();
        this.begin(this.start.map((x, i) => x + move[i] * (event.shiftKey ? 0.5 : 0.05)));
      };
      const named = { class: "start", role: "slider", tabindex: 0, "aria-label": this.words.start };
      const limits = { "aria-valuemin": -2, "aria-valuemax": 2 };
      const dots = [["grip", 29], ["dot", 9]].map(([name, r]) => make("circle", { class: name, r }));
      this.grip = make("g", { ...named, ...limits, pointerdown, pointermove, keydown }, ...dots);
      this.drawing.replaceChildren(
        make("path", { class: "contours", d: surface.contours }),
        make("path", { class: "minima", d: cross.join("") }),
        make("path", { class: "ticks", d: ticks.map((at) => `M${at} ${SIDE}v-8M0 ${SIDE - at}h8`).join("") }),
        make("g", { "aria-hidden": true }, ...numbers),
        ...["line", "points", "here"].map(line),
        this.grip,
      );
      this.begin(surface.start);
    }

    point({ clientX, clientY }) {
      const { left, bottom, width } = this.drawing.getBoundingClientRect();
      const [x, y] = [clientX - left, bottom - clientY].map((pixels) => (pixels / width) * WIDE);
      this.begin([x - WIDE / 2, y + this.shape.bottom]);
    }

    /** Start from elsewhere, inside the picture. */
    begin([x, y]) {
      const { bottom } = this.shape;
      const snap = (value, low) => Math.round(Math.max(low, Math.min(low + WIDE, value)) * 20) / 20 + 0; // no -0
      this.start = [snap(x, -2), snap(y, bottom)];
      this.grip.setAttribute("transform", `translate(${place(this.start, this.shape)})`);
      this.grip.setAttribute("aria-valuenow", this.start[0]);
      this.grip.setAttribute("aria-valuetext", fill(this.words.place, this.spot(this.start)));
      this.update();
    }

    spot([x, y]) {
      return { x: short(x), y: short(y) };
    }

    go(steps) {
      this.stop();
      this.steps = steps;
      this.update();
    }

    /** Compute the path, draw as much of it as there are steps, and say where it ends. */
    update() {
      const { words, shape, rate, start } = this;
      const { value: surface } = this.surface;
      const { value: optimiser } = this.optimiser;
      const beta = this.betas[optimiser];
      this.rateValue.textContent = rate;
      this.rateSlider.setAttribute("aria-valuetext", rate);
      this.momentumSlider.value = beta;
      this.momentumValue.textContent = beta;
      this.call.textContent = `torch.optim.${fill(CALLS[optimiser], { rate, beta: beta || "0.0" })}`; // Adam refuses 0

      const most = bound(beta);
      const bounded = surface === "valley" && optimiser === "sgd";
      this.mark.style.visibility = bounded ? "visible" : "hidden";
      this.mark.style.setProperty("--at", 1 + Math.log10(most) / 3);
      this.mark.textContent = most;
      const side = rate === most ? "at" : rate < most ? "below" : "above";
      const rule = bounded ? words.rule.replace("{side}", words[side]) : words[optimiser === "sgd" ? "varies" : "scaled"];
      say(this.bound, fill(rule, { bound: most, rate }));

      const path = descend(surface, optimiser, rate, beta, start);
      this.last = Math.min(STEPS, path.length);
      const number = Math.min(this.steps, this.last);
      const shown = path.slice(0, number + 1);
      const at = shown.map((point) => place(point, shape));
      this.line.setAttribute("d", `M${at.join("L")}`);
      this.points.setAttribute("d", at.map((point) => `M${point}h.01`).join(""));
      this.here.setAttribute("d", `M${at.at(-1)}h.01`);
      const first = shape.loss(...start);
      const loss = shape.loss(...shown.at(-1));
      const away = (point) =>
        place(point, shape).some((value) => value < 0 || value > SIDE) && shape.loss(...point) > 10 * first;
      const state = number === path.length ? "overflow" : away(shown.at(-1)) ? "away" : "after";
      // Divided by their size, gradients may lead away and back.
      const more = optimiser === "sgd" && (path.length <= STEPS || away(path.at(-1))) ? words.diverges : "";
      this.summary.classList.toggle("bad", state !== "after");
      const values = { number, total: STEPS, loss: short(loss), first: short(first), more, ...this.spot(shown.at(-1)) };
      say(this.summary, fill(words[state], values).trim().replaceAll(" = ", "\u00a0=\u00a0"));
      this.step.disabled = number === this.last;
    }

    play() {
      if (this.steps >= this.last) this.steps = 0;
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.go(STEPS);
      this.news.ariaLive = "off"; // a voice could not keep up
      this.run.textContent = this.words.pause;
      const step = () => {
        if (this.steps < this.last) this.steps++;
        this.update();
        if (this.steps >= this.last) this.go(STEPS);
      };
      this.timer = setInterval(step, 70);
      step();
    }

    stop() {
      clearInterval(this.timer);
      this.timer = null;
      this.news.ariaLive = "polite";
      this.run.textContent = this.words.run;
    }
  }

  customElements.define("descent-path", DescentPath);
}
