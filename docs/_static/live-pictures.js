// <live-pictures>: the emoji of lesson 26 that are nearest to the words of the reader, while they are typed.
//
// Nothing is loaded before the reader types or chooses an example, and nothing is sent.
(() => {
  const { Element, LANG, fill, languageOf, make, megabytes, short } = globalThis.live;
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
    label, .name { font-weight: 600; }
    b { font-weight: inherit; }
    input { height: 2.75rem; }
    button { min-width: 2.75rem; }
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
    @container (min-width: 36rem) {
      .answer { min-height: 6.25rem; }
      ol { --tile: 4rem; grid-template-columns: repeat(3, minmax(0, 1fr)); min-height: 20.125rem; }
    }`;

  class LivePictures extends Element {
    static markup = MARKUP;
    static style = STYLE;

    begin() {
      this.cosine = new Intl.NumberFormat(this.lang, { minimumFractionDigits: 3, maximumFractionDigits: 3 });
      this.find(".examples").ariaLabel = this.labels.examples;
      this.listen();
      this.say("status", this.labels.waiting);
    }

    listen() {
      const text = this.find("#text");
      const now = this.whenWritten(text, PAUSE, () => this.ask());
      this.offer(this.find(".examples"), this.labels.texts, text, now);
    }

    /** Load the modules, the towers and the pictures. */
    async loadAll() {
      const { files } = this;
      const [live, small, net] = await this.modules(files.tools, files.small, files.code);
      const wanted = [files.towers, files.pictures].map((file) => live.fetchFile(file));
      const [towers, pictures] = await Promise.all(wanted);
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
      const size = megabytes(this.files.towers, this.files.pictures);
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
      const words = unknown.slice(0, NAMED).map((word) => short(word, 9, 4));
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
      const share = make("small", { textContent: this.cosine.format(cosine) });
      if (held) share.append(" · ", make("span", { textContent: this.labels.heldOut, lang: this.lang }));
      const words = make("div", {}, make("b", { textContent: name }), share);
      return make("li", { className: held ? "held-out" : "" }, tile, words);
    }
  }

  customElements.define("live-pictures", LivePictures);
})();
