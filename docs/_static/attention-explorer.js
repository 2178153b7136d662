// <attention-explorer>: where the heads of the GPT of lesson 22 look in a sentence of the reader.
//
// Nothing is loaded before the reader begins, and nothing is sent.
(() => {
  const { Element, fill, make, megabytes } = globalThis.live;
  const PAUSE = 400; // milliseconds without a keystroke before the GPT answers
  const [LAYERS, HEADS, WORDS, LARGEST] = [2, 4, 5, 4];
  const [MAP, ROW] = [[46, 127, 204], [224, 96, 16]]; // colours for light and dark pages

  const MARKUP = `
    <label for="text" data-text="write"></label>
    <textarea id="text" rows="2" lang="en" dir="ltr" spellcheck="false" autocapitalize="off" aria-describedby="status"></textarea>
    <div class="turns">
      <button type="button" id="load" data-text="load"></button>
      <button type="button" id="again" data-text="again" hidden></button>
      <p id="status" role="status"></p>
    </div>
    <div id="found" inert>
      <p class="name" data-text="tokens"></p>
      <div id="tokens" role="toolbar" lang="en" dir="ltr"></div>
      <p id="looks" role="status"></p>
      <p class="small" id="unknown"></p>
      <div class="parts">
        <div>
          <p class="name" data-text="heads"></p>
          <div id="heads" role="toolbar"></div>
          <p class="small" data-text="hint"></p>
        </div>
        <div>
          <p class="name" id="after"></p>
          <div id="next" role="group" aria-labelledby="after"></div>
          <p class="small" id="special"></p>
        </div>
      </div>
    </div>
    <p class="small private" data-text="private"></p>`;

  const STYLE = `
    label, .name { font-size: 0.9375rem; font-weight: 600; }
    textarea { height: 4.25rem; margin-bottom: 0.75rem; }
    button[aria-pressed="true"] { border-color: var(--pst-color-text-base); box-shadow: inset 0 0 0 2px var(--pst-color-text-base); }
    .turns { display: grid; gap: 0.5rem 1rem; min-height: 8.5rem; align-content: start; }
    .turns button { grid-area: 1 / 1; justify-self: start; }
    #status { font-size: 0.9375rem; line-height: 1.5; }
    #found[inert] { opacity: 0.7; }
    #found[inert] .small { visibility: hidden; }
    #tokens { display: flex; flex-wrap: wrap; gap: 0.375rem; margin-block: 0.375rem; min-height: 13.75rem; align-content: start; }
    #tokens button { display: grid; justify-items: center; align-content: start; min-width: 2.75rem; max-width: 100%; padding: 0.125rem 0.25rem;
      line-height: 1.5; overflow-wrap: anywhere; }
    #tokens i { display: flex; align-items: end; width: 1.25rem; height: 2rem; background: var(--pst-color-border); }
    #tokens i b { width: 100%; background: var(--pst-color-primary); }
    #tokens small { font-size: 0.75rem; font-variant-numeric: tabular-nums; }
    #tokens .later { border-style: dashed; background: none; }
    #looks { min-height: 4.5em; line-height: 1.5; }
    #unknown { min-height: 3em; }
    .parts { display: grid; gap: 1.25rem 1.75rem; margin-top: 0.75rem; }
    #heads { display: grid; grid-template-columns: repeat(${HEADS}, minmax(0, 1fr)); gap: 0.5rem; margin-block: 0.375rem; }
    #heads button { padding: 0.25rem; font-size: 0.75rem; line-height: 1.3; text-wrap: balance; }
    canvas { display: block; width: 100%; aspect-ratio: 1; margin-bottom: 0.25rem; image-rendering: pixelated;
      background: var(--pst-color-background); }
    #next { display: grid; gap: 0.375rem; margin-block: 0.375rem; }
    #next button { display: grid; grid-template-columns: minmax(0, 1fr) 4rem 3.75rem; gap: 0.5rem; align-items: center;
      text-align: start; }
    #next i { height: 0.625rem; background: linear-gradient(90deg, var(--pst-color-primary) var(--share), var(--pst-color-border) 0); }
    #next small { font-size: 0.875rem; text-align: end; font-variant-numeric: tabular-nums; }
    #special { min-height: 3em; }
    @container (min-width: 36rem) {
      .turns { grid-template-columns: max-content 1fr; align-items: center; min-height: 4.5rem; }
      .turns button { justify-self: stretch; }
      #tokens { min-height: 5.25rem; }
      #looks { min-height: 3em; }
      #unknown { min-height: 1.5em; }
      .parts { grid-template-columns: 3fr 2fr; }
    }`;

  class AttentionExplorer extends Element {
    static markup = MARKUP;
    static style = STYLE;

    begin() {
      this.find("#load").textContent = fill(this.labels.load, { size: megabytes(this.files.model) });
      [this.at, this.layer, this.head] = [0, 0, 0];
      this.find("#tokens").ariaLabel = this.labels.tokens;
      this.find("#heads").ariaLabel = this.labels.heads;
      this.lay();
      this.listen();
      // What will be there, without an answer.
      this.find("#text").value = this.labels.start;
      this.show({ tokens: this.labels.start.split(" "), numbers: [] });
    }

    /** Make the maps of the heads, and the places for the next words. */
    lay() {
      for (let layer = 0; layer < LAYERS; layer++)
        for (let head = 0; head < HEADS; head++) {
          const name = fill(this.labels.head, { layer: layer + 1, head: head + 1 });
          const button = make("button", { type: "button" }, make("canvas", { ariaHidden: true }), name);
          this.find("#heads").append(button);
        }
      for (let i = 0; i < WORDS; i++) {
        const word = make("span", { lang: "en" });
        const button = make("button", { type: "button" }, word, make("i", { ariaHidden: true }), make("small"));
        button.setAttribute("aria-description", this.labels.add);
        button.addEventListener("click", () => this.append(word.textContent));
        this.find("#next").append(button);
      }
    }

    listen() {
      const text = this.find("#text");
      const now = this.whenWritten(text, PAUSE, () => this.read());
      text.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.isComposing) return;
        event.preventDefault(); // a sentence is one line
        now();
      });
      this.find("#load").addEventListener("click", () => this.read());
      this.find("#again").addEventListener("click", () => {
        text.value = this.labels.start;
        now();
      });
      this.rove(this.find("#tokens"), 1, (at) => {
        this.at = at;
        this.look();
      });
      this.rove(this.find("#heads"), HEADS, (at) => {
        [this.layer, this.head] = [Math.floor(at / HEADS), at % HEADS];
        this.look();
      });
    }

    /** A click or the arrow keys choose one of several buttons; only the chosen one is a tab stop. */
    rove(group, row, choose) {
      const place = ({ target }) => [...group.children].indexOf(target.closest("button"));
      for (const type of ["click", "focusin"])
        group.addEventListener(type, (event) => place(event) >= 0 && choose(place(event)));
      group.addEventListener("keydown", (event) => {
        const [at, last] = [place(event), group.children.length - 1];
        const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, Home: -at, End: last - at };
        const to = at + steps[event.key];
        if (Number.isNaN(to) || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        group.children[to]?.focus();
      });
    }

    // Loading

    /** Load the modules and the GPT. */
    async loadAll() {
      const [small, net] = await this.modules(this.files.small, this.files.code);
      const gpt = net.readGpt(small, await small.loadSmallModel(this.files.model.url));
      return { net, gpt };
    }

    /** Let the GPT read what is written. */
    async read() {
      const turn = ++this.turn;
      this.busy(true);
      if (!this.ready) this.say(this.labels.loading);
      this.ready = await this.load().catch(() => null);
      this.busy(false);
      if (turn !== this.turn) return; // more was written meanwhile
      if (!this.ready) return this.say(this.labels.failed);
      this.replace(this.find("#load"), this.find("#again"));
      this.find("#found").inert = false;
      const { net, gpt } = this.ready;
      const tokens = net.cut(this.find("#text").value);
      if (!tokens.length) return this.say(this.labels.empty);
      const over = tokens.length - gpt.context;
      if (over > 0)
        return this.say(fill(this.labels.long, { count: tokens.length, limit: gpt.context, over }));
      const numbers = net.encode(gpt, tokens);
      this.say("");
      this.at = tokens.length - 1;
      this.show({ tokens, numbers, ...net.run(gpt, numbers) });
    }

    say(text) {
      this.find("#status").textContent = text;
    }

    // The answer

    /** A weight of 0.001 is not none. */
    weight(value) {
      return value < 0.005 ? "<0.01" : value.toFixed(2);
    }

    /** What the GPT sees of a token. */
    seen(at) {
      const { tokens, numbers } = this.answer;
      return numbers[at] === 0 ? "<unk>" : tokens[at];
    }

    show(answer) {
      this.answer = answer;
      const { tokens, numbers, chances } = answer;
      this.find("#tokens").replaceChildren(...tokens.map((token, at) => {
        const bar = make("i", { ariaHidden: true }, make("b"));
        const button = make("button", { type: "button", title: token }, this.seen(at), bar, make("small"));
        return button;
      }));
      const unknown = [...new Set(tokens.filter((_, at) => numbers[at] === 0))];
      const words = unknown.map((token) => `“${token}”`);
      this.find("#unknown").textContent = words.length ? fill(this.labels.unknown, { words: this.list.format(words) }) : "";
      this.find("#after").textContent = fill(this.labels.next, { token: this.seen(tokens.length - 1) });
      this.look();
      if (chances) this.showNext(chances);
    }

    /** Show where the chosen token looks, in the chosen head. */
    look() {
      const { tokens, weights } = this.answer;
      const row = weights?.[this.layer][this.head][this.at];
      const chosen = this.layer * HEADS + this.head;
      this.press(this.find("#tokens"), this.at);
      this.press(this.find("#heads"), chosen);
      if (!row) return;
      [...this.find("#tokens").children].forEach((button, at) => {
        const later = at > this.at;
        button.classList.toggle("later", later);
        button.querySelector("b").style.height = `${later ? 0 : 100 * row[at]}%`;
        button.querySelector("small").textContent = later ? "–" : this.weight(row[at]);
        const place = fill(later ? this.labels.later : this.labels.token, { number: at + 1, all: tokens.length });
        button.setAttribute("aria-description", place);
      });
      [...this.find("#heads").children].forEach((button, at) => {
        this.paint(button.firstChild, weights[Math.floor(at / HEADS)][at % HEADS]);
      });
      const order = [...row.keys()].sort((a, b) => row[b] - row[a]).slice(0, LARGEST);
      const list = this.list.format(order.map((at) => `“${this.seen(at)}” ${this.weight(row[at])}`));
      const values = { token: this.seen(this.at), layer: this.layer + 1, head: this.head + 1, list };
      this.find("#looks").textContent = fill(this.labels.looks, values);
    }

    press(group, chosen) {
      [...group.children].forEach((button, at) => {
        button.ariaPressed = at === chosen;
        button.tabIndex = at === chosen ? 0 : -1;
      });
    }

    /** Draw the map of a head: rows are the tokens that look, and the chosen one has another colour. */
    paint(canvas, rows) {
      const length = rows.length;
      Object.assign(canvas, { width: length, height: length });
      const image = new ImageData(length, length);
      rows.forEach((row, from) => row.forEach((weight, at) => {
        image.data.set([...(from === this.at ? ROW : MAP), 255 * weight], 4 * (from * length + at));
      }));
      canvas.getContext("2d").putImageData(image, 0, 0);
    }

    /** Offer the most probable words; what is no word is named below them. */
    showNext(chances) {
      const { vocabulary, numbers: places } = this.ready.gpt;
      const [none, end] = [0, places.get("<end>")];
      const order = [...chances.keys()].filter((number) => number !== none && number !== end);
      order.sort((a, b) => chances[b] - chances[a]);
      [...this.find("#next").children].forEach((button, i) => {
        const [number, [word, bar, share]] = [order[i], button.children];
        word.textContent = vocabulary[number];
        bar.style.setProperty("--share", `${100 * chances[number]}%`);
        share.textContent = this.percent(chances[number]);
      });
      const values = { unknown: this.percent(chances[none]), end: this.percent(chances[end]) };
      this.find("#special").textContent = fill(this.labels.special, values);
    }

    /** Write a word behind the sentence, and read it again. */
    append(word) {
      const text = this.find("#text");
      text.value = text.value.trimEnd() + (/[\p{L}\p{N}_]/u.test(word) ? " " : "") + word;
      this.read();
    }
  }

  customElements.define("attention-explorer", AttentionExplorer);
})();
