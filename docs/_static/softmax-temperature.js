// <softmax-temperature>: probabilities from logits. Its words and settings come from the page.
"use strict";
{
  const { fill, make, signed } = globalThis.elements;

  const [LOW, HIGH, MOST, SHIFT] = [-5, 35, 5, 10];

  /** As torch.softmax of logits / temperature; no exponential is above 1. */
  const softmax = (logits, temperature) => {
    const scaled = logits.map((z) => z / temperature);
    const largest = Math.max(...scaled);
    const powers = scaled.map((z) => Math.exp(z - largest));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  };
  const sigmoid = (d) => 1 / (1 + Math.exp(-d));

  const STYLE = `
    :host { display: block; container-type: inline-size; }
    * { box-sizing: border-box; }
    .card { display: grid; gap: 0.75rem; padding: 0.75rem; border: 1px solid var(--pst-color-border); border-radius: 0.5rem;
      color: var(--pst-color-text-base); background: var(--pst-color-background);
      font-size: 0.9375rem; line-height: 1.5; font-variant-numeric: tabular-nums; }
    fieldset, legend { margin: 0; padding: 0; border: 0; }
    legend, .name { font-size: 0.875rem; color: var(--pst-color-text-muted); }
    .settings, .buttons { display: grid; gap: 0.5rem 1.5rem; }
    .choices { display: inline-flex; height: 2.75rem; border: 1px solid var(--pst-color-border); border-radius: 0.375rem; }
    .choices label { position: relative; display: grid; place-items: center; width: 2.75rem; }
    .choices label + label { border-inline-start: 1px solid var(--pst-color-border); }
    .choices input { position: absolute; width: 100%; height: 100%; margin: 0; opacity: 0; }
    .choices label:has(:checked) { color: var(--pst-color-primary-text); background: var(--pst-color-primary); }
    :focus-visible, .choices label:has(:focus-visible) { outline: 3px solid var(--pst-color-accent);
      outline-offset: 2px; z-index: 1; }
    .name { display: flex; justify-content: space-between; }
    .name b { color: var(--pst-color-text-base); }
    [type=range] { display: block; width: 100%; height: 2.75rem; margin: 0; accent-color: var(--pst-color-primary); }
    .row { display: grid; grid-template-columns: 1.5rem minmax(0, 1fr) 5.5rem; align-items: center; gap: 0 0.5rem; }
    [type=number], button { height: 2.75rem; width: 100%; margin: 0; padding: 0 0.5rem; border: 1px solid var(--pst-color-border);
      border-radius: 0.375rem; font: inherit; color: inherit; background: none; }
    [type=number] { padding: 0 0.375rem; appearance: textfield; }
    [type=number]::-webkit-inner-spin-button { appearance: none; }
    [aria-invalid=true] { border: 2px solid var(--pst-color-danger); }
    button { background: var(--pst-color-surface); cursor: pointer; }
    .buttons { grid-template-columns: 1fr 1fr; gap: 0.5rem; }
    svg { grid-column: 1 / 3; width: 100%; height: 1.5rem; border-radius: 0.25rem; background: var(--pst-color-surface); }
    rect { fill: var(--pst-color-primary); }
    .row b { padding-inline-start: 0.5rem; }
    p { margin: 0; }
    code { font-size: 0.8125rem; }
    .summary { min-height: 3em; font-weight: 600; }
    .effect { min-height: 4.5em; }
    .more { min-height: 6em; }
    .note { min-height: 4.5em; padding-inline-start: 0.75rem; border-inline-start: 4px solid var(--pst-color-secondary); }
    .bad { border-color: var(--pst-color-danger); }
    .note:empty { border-color: #0000; }
    @container (min-width: 41rem) {
      .card { padding: 1rem; }
      .settings { grid-template-columns: auto minmax(0, 1fr); }
      .row { grid-template-columns: 1.5rem minmax(0, 1fr) 5.5rem minmax(0, 1fr) 5rem; }
      svg { grid-column: auto; }
      .buttons { grid-template-columns: auto auto; justify-content: start; }
      .summary { min-height: 1.5em; }
      .effect, .more, .note { min-height: 3em; }
    }
    @media print { .settings fieldset, .buttons, .row input, [type=range] { display: none; } }`;

  const say = (node, text) => {
    if (node.textContent !== text) node.textContent = text; // a voice reads what changes
  };
  const tidy = (value) => +value.toFixed(10) + 0; // no -0
  const short = (value) => signed(+value.toFixed(4) + 0);
  /** Four places; a probability that is not 0 or 1 is not written so. */
  const shown = (p) => (p < 5e-5 ? "<\u00a00.0001" : p > 0.99995 ? ">\u00a00.9999" : p.toFixed(4));
  const symbol = (i) => `z${"₁₂₃₄₅"[i]}`;

  class SoftmaxTemperature extends HTMLElement {
    static softmax = softmax;
    static sigmoid = sigmoid;

    connectedCallback() {
      if (this.shadowRoot) return;
      this.words = JSON.parse(this.dataset.labels);
      this.attachShadow({ mode: "open" });
      this.lay();
      this.start();
    }

    start() {
      const given = this.dataset.logits.split(" ").map(Number);
      this.count = given.length;
      this.logits = [...given, ...Array(MOST - given.length).fill(0)];
      this.temperature = +this.dataset.temperature;
      this.update();
    }

    lay() {
      const { words } = this;
      const div = (name, ...children) => make("div", { class: name }, ...children);
      const part = (name, more = {}) => (this[name] = make("p", { class: name, ...more }));
      const change = ({ target }) => {
        this.count = +target.value;
        this.update();
      };
      this.radios = [2, 3, 4, 5].map((value) => make("input", { type: "radio", name: "count", value, change }));
      const choices = this.radios.map((radio) => make("label", {}, radio, radio.value));
      const count = make("fieldset", {}, make("legend", {}, words.count), div("choices", ...choices));
      const heat = () => {
        this.temperature = +(10 ** this.heater.value).toPrecision(3);
        this.update();
      };
      this.heater = make("input", { type: "range", min: -1, max: 1, step: 0.02, "aria-label": words.temperature, input: heat });
      this.heat = make("b");
      const temperature = div("", div("name", make("span", {}, words.temperature), this.heat), this.heater);

      this.rows = Array.from({ length: MOST }, (_, i) => {
        const limits = { min: LOW, max: HIGH, "aria-label": fill(words.logit, { number: i + 1 }) };
        const slider = make("input", { type: "range", step: 0.1, ...limits, input: () => this.change(i, slider.value) });
        const write = ({ type }) => (type === "blur" || field.value) && this.change(i, field.value, field); // or on the way to a number
        const field = make("input", { type: "number", step: "any", ...limits, input: write, blur: write });
        const bar = make("rect", { height: "100%" });
        const value = make("b");
        const svg = make("svg", { "aria-hidden": true }, bar);
        const row = div("row", make("span", { "aria-hidden": true }, symbol(i)), slider, field, svg, value);
        return { row, slider, field, bar, value };
      });
      const button = (name, click) => make("button", { type: "button", click }, words[name]);
      this.call = make("code", { translate: "no" });
      const live = make("div", { "aria-live": "polite" }, part("summary"), part("effect"), part("more"));
      const card = make(
        "div",
        { class: "card", role: "group", "aria-label": words.title },
        div("settings", count, temperature),
        ...this.rows.map(({ row }) => row),
        make("p", {}, this.call),
        div("buttons", button("add", () => this.add()), button("reset", () => this.start())),
        part("note", { role: "status" }),
        live,
      );
      this.shadowRoot.append(make("style", {}, STYLE), card);
    }

    /** Take a number that the reader has set; another one changes nothing. */
    change(i, written, field) {
      const value = +written;
      if (value === this.logits[i] && written && field?.ariaInvalid === "false") return;
      if (written === "" || !(value >= LOW && value <= HIGH)) {
        field.setAttribute("aria-invalid", true);
        const values = { name: symbol(i), low: signed(LOW), high: HIGH, value: signed(this.logits[i]) };
        return this.tell(fill(this.words.bad, values), true);
      }
      this.logits[i] = value;
      this.update("", field);
    }

    add() {
      const used = this.logits.slice(0, this.count);
      if (Math.max(...used) + SHIFT > HIGH) {
        return this.tell(fill(this.words.full, { high: HIGH, most: HIGH - SHIFT }), true);
      }
      used.forEach((z, i) => (this.logits[i] = tidy(z + SHIFT)));
      this.update(this.words.added);
    }

    tell(text, bad = false) {
      this.note.classList.toggle("bad", bad);
      this.note.textContent = text;
    }

    /** Compute and show; the field in which the reader writes keeps its text. */
    update(note = "", typed = null) {
      const { words, count, temperature } = this;
      const logits = this.logits.slice(0, count);
      const probabilities = softmax(logits, temperature);
      this.radios.forEach((radio) => (radio.checked = +radio.value === count));
      this.heater.value = Math.log10(temperature);
      this.heater.setAttribute("aria-valuetext", temperature);
      this.heat.textContent = temperature;
      this.rows.forEach(({ row, slider, field, bar, value }, i) => {
        row.hidden = i >= count;
        row.style.display = row.hidden ? "none" : "";
        slider.value = this.logits[i];
        slider.setAttribute("aria-valuetext", signed(this.logits[i]));
        if (field !== typed) field.value = this.logits[i];
        field.setAttribute("aria-invalid", false);
        if (row.hidden) return;
        bar.setAttribute("width", `${100 * probabilities[i]}%`);
        value.textContent = shown(probabilities[i]);
      });
      this.call.textContent = `torch.softmax(z / ${temperature}, dim=0)`;
      this.tell(note);

      const most = Math.max(...probabilities);
      const numbers = logits.flatMap((_, i) => (probabilities[i] === most ? [i + 1] : [])).join(", ");
      say(this.summary, fill(words.summary, { value: shown(most), numbers }));
      say(this.effect, words[temperature === 1 ? "one" : temperature < 1 ? "cold" : "hot"]);
      const difference = (logits[1] - logits[0]) / temperature;
      const differences = logits.map((z) => short((z - Math.max(...logits)) / temperature)).join("; ");
      const values = { difference: short(difference), value: shown(sigmoid(difference)), differences };
      say(this.more, fill(words[count === 2 ? "two" : "several"], values).replace(/ ([=/]) /g, "\u00a0$1\u00a0"));
    }
  }

  customElements.define("softmax-temperature", SoftmaxTemperature);
}
