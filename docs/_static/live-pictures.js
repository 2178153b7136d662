// <live-pictures>: the emoji of lesson 26 that are nearest to the words of the reader, while they are typed.
//
// A classic script, as <live-digit> is: on a page opened from a folder it can say what is wrong.
// Nothing is loaded before the reader types or chooses an example, and nothing is sent.
(() => {
  const PAUSE = 250; // milliseconds without a keystroke before the network answers
  const [SHOWN, SAID, NAMED] = [12, 3, 3]; // pictures; names for a voice; words that are not known

  const MARKUP = `
    <label for="text" data-text="write"></label>
    <input id="text" dir="auto" autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby="hint unknown">
    <p class="small" id="hint" data-text="hint"></p>
    <div class="examples" role="group"></div>
    <div class="answer"><p id="status" role="status"></p><p class="small" id="unknown"></p></div>
    <div id="found" hidden>
      <p class="name" id="title" data-text="pictures"></p>
      <ol aria-labelledby="title"></ol>
      <p class="small" data-text="legend"></p>
    </div>
    <p class="small private" data-text="private"></p>`;

  const STYLE = `
    * { box-sizing: border-box; }
    [hidden] { visibility: hidden; }
    p { margin: 0; overflow-wrap: anywhere; }
    .small { font-size: 0.875rem; line-height: 1.5; text-wrap: pretty; color: var(--pst-color-text-muted); }
    label, .name { font-weight: 600; }
    b { font-weight: inherit; }
    input { display: block; width: 100%; height: 2.75rem; margin-block: 0.375rem; padding: 0 0.75rem; font: inherit;
      color: var(--pst-color-text-base); background: var(--pst-color-background);
      border: 1px solid var(--pst-color-text-muted); border-radius: 0.375rem; }
    .examples { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-block: 0.75rem; }
    button { min-width: 2.75rem; min-height: 2.75rem; padding: 0.25rem 0.75rem; font: inherit; font-size: 0.9375rem;
      color: var(--pst-color-text-base); background: var(--pst-color-surface);
      border: 1px solid var(--pst-color-text-muted); border-radius: 0.375rem; cursor: pointer; }
    button:hover { border-color: var(--pst-color-primary); box-shadow: inset 0 0 0 1px var(--pst-color-primary); }
    :is(input, button):focus-visible { outline: 3px solid var(--pst-color-accent); outline-offset: 2px; }
    #found { display: block; } /* it keeps its room while it is hidden */
    .answer { min-height: 13rem; padding-bottom: 0.25rem; line-height: 1.5; }
    ol { --tile: 3rem; display: grid; grid-auto-rows: calc(var(--tile) + 0.75rem); gap: 0.375rem; min-height: 49.125rem;
      margin: 0.5rem 0; padding: 0; list-style: none; }
    li { display: grid; grid-template-columns: var(--tile) minmax(0, 1fr); gap: 0.625rem; align-items: center;
      padding: 0 0.3125rem; border: 1px solid var(--pst-color-border); border-radius: 0.375rem;
      font-size: 0.875rem; line-height: 1.3; overflow-wrap: anywhere; }
    li.held-out { border: 1px dashed var(--pst-color-text-base); }
    i { width: var(--tile); height: var(--tile); border-radius: 0.25rem; background-image: var(--sheet);
      background-size: calc(var(--columns) * var(--tile)) auto;
      background-position: calc(var(--column) * -1 * var(--tile)) calc(var(--row) * -1 * var(--tile)); }
    li small { display: block; font-size: 0.8125rem; font-variant-numeric: tabular-nums; color: var(--pst-color-text-muted); }
    .private { margin-top: 0.75rem; padding-top: 0.75rem; border-top: 1px solid var(--pst-color-border); }
    @container (min-width: 36rem) {
      .answer { min-height: 6.25rem; }
      ol { --tile: 4rem; grid-template-columns: repeat(3, minmax(0, 1fr)); min-height: 20.125rem; }
    }`;

  /** As in lesson 23: a text with a Chinese character in it is for the Chinese tower. */
  const languageOf = (text) => (/[\u4e00-\u9fff]/.test(text) ? "zh" : "en");

  /** What a text in it is called in HTML. */
  const LANG = { en: "en", zh: "zh-CN" };

  /** Fill the {places} of a sentence. */
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  /** A word can be longer than all the rest. */
  const short = (word) => {
    const signs = Array.from(word);
    return signs.length > 14 ? [...signs.slice(0, 9), "…", ...signs.slice(-4)].join("") : word;
  };

  const make = (name, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  };

  class LivePictures extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      this.labels = JSON.parse(this.dataset.labels);
      this.files = JSON.parse(this.dataset.files);
      const root = this.attachShadow({ mode: "open" });
      root.innerHTML = `<style>${STYLE}</style>${MARKUP}`;
      this.find = (selector) => root.querySelector(selector);
      for (const node of root.querySelectorAll("[data-text]"))
        node.textContent = this.labels[node.dataset.text];
      const digits = { minimumFractionDigits: 3, maximumFractionDigits: 3 };
      this.format = new Intl.NumberFormat(this.lang, digits);
      this.list = new Intl.ListFormat(this.lang);
      [this.turn, this.failures] = [0, 0];
      this.find(".examples").ariaLabel = this.labels.examples;
      for (const text of this.labels.texts.split("\n"))
        this.find(".examples").append(make("button", { type: "button", textContent: text, lang: LANG[languageOf(text)] }));
      this.listen();
      this.say("status", this.labels.waiting);
    }

    listen() {
      const text = this.find("#text");
      let timer;
      const later = (event) => {
        if (event.isComposing) return; // the letters of a Chinese character that is not yet chosen
        clearTimeout(timer);
        timer = setTimeout(() => this.ask(), PAUSE);
      };
      text.addEventListener("input", later);
      text.addEventListener("compositionend", later);
      this.find(".examples").addEventListener("click", ({ target }) => {
        if (!target.matches("button")) return;
        clearTimeout(timer);
        text.value = target.textContent;
        this.ask();
      });
    }

    /** Load the modules, the towers and the pictures, once; after a failure the next text tries again. */
    load() {
      this.loading ??= this.loadAll().catch((error) => {
        this.loading = null;
        this.failures++;
        throw error;
      });
      return this.loading;
    }

    async loadAll() {
      // A browser does not ask again for a module that did not arrive: the fragment makes another.
      const address = ({ url }) => new URL(`${url}#${this.failures}`, document.baseURI);
      const modules = [this.files.tools, this.files.small, this.files.code].map((file) => import(address(file)));
      const [live, small, net] = await Promise.all(modules);
      const files = [this.files.towers, this.files.pictures].map((file) => live.fetchFile(file));
      const [towers, pictures] = await Promise.all(files);
      this.net = net;
      const model = net.readTowers(live, small, towers);
      const sheet = URL.createObjectURL(new Blob([pictures], { type: "image/webp" }));
      this.find("ol").style.setProperty("--sheet", `url(${sheet})`);
      this.find("ol").style.setProperty("--columns", model.sprites.columns);
      return model;
    }

    /** Show the pictures that are nearest to what is written. */
    async ask() {
      const turn = ++this.turn;
      const text = this.find("#text").value;
      if (!text.trim()) return this.show(null, this.labels.waiting);
      const size = ((this.files.towers.bytes + this.files.pictures.bytes) / 1e6).toFixed(1);
      const loading = fill(this.labels.loading, { size });
      const slow = setTimeout(() => turn === this.turn && this.say("status", loading), 300);
      const model = await this.load().catch(() => null);
      clearTimeout(slow);
      if (turn !== this.turn) return; // more was typed meanwhile
      if (!model) return this.show(null, this.labels.failed);
      const language = languageOf(text);
      const { known, unknown } = this.net.splitTokens(model.towers[language], text);
      if (!known.length) return this.show(null, this.labels.none, unknown, language);
      const cosines = this.net.similarities(model, language, known);
      const rows = [...cosines.keys()].sort((a, b) => cosines[b] - cosines[a]).slice(0, SHOWN);
      const best = rows.map((row) => ({ row, cosine: cosines[row], name: model.towers[language].names[row] }));
      this.show({ best, language, model }, this.labels.answer, unknown, language);
    }

    // The answer

    show(answer, sentence, unknown = [], language) {
      this.answer = answer;
      const best = answer?.best ?? [];
      const names = best.slice(0, SAID).map(({ name }) => name);
      this.say("status", fill(sentence, { count: best.length, words: "{words}" }), names, language);
      const words = unknown.slice(0, NAMED).map(short);
      if (unknown.length > NAMED) words.push("…");
      this.say("unknown", words.length ? this.labels.unknown : "", words, language);
      this.find("#found").hidden = !answer;
      this.find("ol").lang = LANG[language] ?? "";
      this.find("ol").replaceChildren(...best.map((each) => this.picture(each)));
    }

    /** Say a sentence; {words} in it are in the language of what was typed. */
    say(id, sentence, words = [], language) {
      const [before, after] = sentence.split("{words}");
      const quoted = make("span", { lang: LANG[language] ?? "", textContent: this.list.format(words) });
      this.find(`#${id}`).replaceChildren(...(after === undefined ? [before] : [before, quoted, after]));
    }

    picture({ row, cosine, name }) {
      const { sprites: { columns }, heldOut } = this.answer.model;
      const tile = make("i");
      tile.style.setProperty("--column", row % columns);
      tile.style.setProperty("--row", Math.floor(row / columns));
      const held = heldOut.has(row);
      const share = make("small", { textContent: this.format.format(cosine) });
      if (held) share.append(" · ", make("span", { textContent: this.labels.heldOut, lang: this.lang }));
      const words = make("div", {}, make("b", { textContent: name }), share);
      return make("li", { className: held ? "held-out" : "" }, tile, words);
    }
  }

  customElements.define("live-pictures", LivePictures);
})();
