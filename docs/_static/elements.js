// What the interactive figures share. Their scripts come after this one.
"use strict";
globalThis.elements = (() => {
  const SVG = /^(svg|g|rect|circle|line|path|text|marker)$/;

  /** An element of HTML or SVG; attributes that are functions listen to the event of their name. */
  const make = (name, attributes = {}, ...children) => {
    const node = document.createElementNS(`http://www.w3.org/${SVG.test(name) ? "2000/svg" : "1999/xhtml"}`, name);
    for (const [key, value] of Object.entries(attributes)) {
      if (typeof value === "function") node.addEventListener(key, value);
      else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  };

  /** A sentence with its values put in. */
  const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const signed = (value) => String(value).replace("-", "\u2212");
  const table = (rows, columns, value) =>
    Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => value(r, c)));

  /** What draws a square of n cells of a grid. */
  const squares = (side) => (r, c, attributes = {}, n = 1) =>
    make("rect", { x: c * side, y: r * side, width: n * side, height: n * side, ...attributes });
  const ICONS = {
    previous: "M15 5l-7 7 7 7",
    play: "M8 5v14l11-7z",
    pause: "M8 5v14M16 5v14",
    next: "M9 5l7 7-7 7",
  };

  /** A figure in steps: buttons and a slider. It has `words`, and defines `last` and `update()`. */
  class Stepper extends HTMLElement {
    position = 0;
    pace = 1200; // milliseconds

    disconnectedCallback() {
      this.stop();
    }

    /** The row of buttons, with the sentence that says the step. */
    transport() {
      const { words } = this;
      const button = (name, click) => {
        const made = make("button", { type: "button", class: name, click });
        this.dress(made, name);
        return made;
      };
      this.playButton = button("play", () => (this.timer ? this.stop() : this.play()));
      this.playButton.hidden = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const slide = () => this.go(this.slider.value - 1);
      this.slider = make("input", { type: "range", min: 1, "aria-label": words.position, input: slide });
      this.count = make("span", { class: "count", "aria-hidden": true });
      this.summary = make("p", { class: "summary", "aria-live": "polite" });
      const back = button("previous", () => this.go(this.position - 1));
      const on = button("next", () => this.go(this.position + 1));
      return make("div", { class: "transport" }, back, this.playButton, on, this.slider, this.count);
    }

    dress(button, name) {
      const icon = make("svg", { viewBox: "0 0 24 24" }, make("path", { d: ICONS[name] }));
      button.replaceChildren(icon);
      button.title = this.words[name];
      button.ariaLabel = button.title;
    }

    go(position) {
      this.stop();
      this.position = Math.max(0, Math.min(this.last, position));
      this.update();
    }

    play() {
      const step = () => {
        this.position = (this.position + 1) % (this.last + 1);
        this.update();
        if (this.position === this.last) this.stop();
      };
      this.summary.ariaLive = "off"; // a voice could not keep up
      this.timer = setInterval(step, this.pace);
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

  /** The looks that all cards have, and those of a stepper's row of buttons. */
  const STYLE = `
    :host { display: block; container-type: inline-size; }
    * { box-sizing: border-box; }
    .card { padding: 0.75rem; border: 1px solid var(--pst-color-border); border-radius: 0.5rem;
      color: var(--pst-color-text-base); background: var(--pst-color-background);
      font-size: 0.9375rem; line-height: 1.5; font-variant-numeric: tabular-nums; }
    fieldset, legend { margin: 0; padding: 0; border: 0; }
    option { background: var(--pst-color-background); }
    :focus-visible, .choices label:has(:focus-visible) { outline: 3px solid var(--pst-color-accent);
      outline-offset: 2px; z-index: 1; }
    [hidden] { display: none !important; }
    @container (min-width: 41rem) { .card { padding: 1rem; } }`;
  const STEPPER_STYLE = `${STYLE}
    legend, .settings > label, .hint { font-size: 0.875rem; color: var(--pst-color-text-muted); }
    select, input, .choices { height: 2.75rem; margin: 0; border: 1px solid var(--pst-color-border);
      border-radius: 0.375rem; font: inherit; color: var(--pst-color-text-base);
      background: none; accent-color: var(--pst-color-primary); }
    .choices label { position: relative; display: grid; place-items: center; }
    .choices label + label { border-inline-start: inherit; }
    .choices input { position: absolute; width: 100%; opacity: 0; }
    .choices label:has(:checked), .next { color: var(--pst-color-primary-text);
      background: var(--pst-color-primary); }
    p { margin: 0.25rem 0; }
    .transport { display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem; }
    button { width: 2.75rem; height: 2.75rem; padding: 0.625rem; border: 0; border-radius: 50%;
      color: inherit; background: var(--pst-color-surface); cursor: pointer; }
    button svg { display: block; fill: none; stroke: currentColor; stroke-width: 2.5; }
    .transport input { flex: 1 1 100%; order: 1; }
    .count { margin-inline-start: auto; }
    .problem:empty { display: none; }
    .problem { padding-inline-start: 0.75rem; border-inline-start: 4px solid var(--pst-color-danger); }
    @container (min-width: 41rem) { .transport input { flex: 1; order: 0; margin: 0 0.75rem; } }
    @media (prefers-reduced-motion: reduce) { .window { transition: none; } }
    @media print { .settings, .transport, .hint { display: none; } }`;

  return { STEPPER_STYLE, STYLE, Stepper, fill, make, signed, squares, table };
})();
