// <live-tokeniser>: the tokenizers of lesson 21 cut what the reader writes, in two languages.
//
// Nothing is loaded before the reader begins, and nothing is sent.
(() => {
  const { Element, LANG, fill, make, megabytes } = globalThis.live;
  const MOST = 1000; // characters of a line that are cut

  const line = (key) => `
    <div class="line">
      <label for="${key}" data-text="${key}"></label>
      <textarea id="${key}" rows="2" lang="${LANG[key]}" dir="auto" spellcheck="false" autocapitalize="off"></textarea>
      <ol id="pieces-${key}" lang="${LANG[key]}" dir="ltr" translate="no"></ol>
      <p id="count-${key}"></p>
    </div>`;

  const MARKUP = `
    <fieldset><legend data-text="tokeniser"></legend>
      <label><input type="radio" name="tokeniser" value="english" checked><span data-text="english"></span></label>
      <label><input type="radio" name="tokeniser" value="mixed"><span data-text="mixed"></span></label>
    </fieldset>
    <div class="start"><button type="button" id="load" data-text="load"></button>
      <button type="button" id="again" data-text="again" hidden></button><p id="status" role="status"></p></div>
    ${line("en")}${line("zh")}
    <p id="premium" role="status"></p>
    <p class="small" data-text="hint"></p>
    <p class="small private" data-text="private"></p>`;

  const STYLE = `
    fieldset { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin: 0; padding: 0; border: 0; font-size: 0.9375rem; }
    legend, .line > label { padding: 0; font-size: 0.9375rem; font-weight: 600; }
    fieldset label { display: flex; gap: 0.5rem; align-items: center; min-height: 2.75rem; cursor: pointer; }
    input { width: 1.25rem; height: 1.25rem; margin: 0; accent-color: var(--pst-color-primary); }
    .start { display: grid; gap: 0.5rem 1rem; min-height: 7.5rem; align-content: start; }
    .start button { grid-area: 1 / 1; justify-self: start; }
    #status { font-size: 0.9375rem; line-height: 1.5; }
    .line { margin-bottom: 1rem; }
    textarea { height: 4.25rem; }
    ol { display: flex; flex-wrap: wrap; gap: 0.25rem; align-content: start; margin: 0; padding: 0; list-style: none; }
    #pieces-en { min-height: 8.25rem; }
    #pieces-zh { min-height: 19.25rem; }
    li { display: grid; justify-items: center; min-width: 1.75rem; max-width: 100%; padding: 0.125rem 0.375rem;
      border-radius: 0.25rem; overflow-wrap: anywhere; white-space: pre-wrap; line-height: 1.4;
      background: color-mix(in srgb, var(--colour) 24%, var(--pst-color-background)); }
    li:nth-child(4n) { --colour: #0072b2; }
    li:nth-child(4n + 1) { --colour: #e69f00; }
    li:nth-child(4n + 2) { --colour: #009e73; }
    li:nth-child(4n + 3) { --colour: #cc79a7; }
    li small { font-size: 0.75rem; font-variant-numeric: tabular-nums; }
    li code { font-size: 0.8125rem; }
    [id^=count] { min-height: 3em; margin-top: 0.375rem; font-size: 0.9375rem; line-height: 1.5; }
    #premium { min-height: 4.5em; margin-bottom: 0.75rem; line-height: 1.5; font-weight: 600; }
    @container (min-width: 36rem) {
      .start { grid-template-columns: max-content 1fr; align-items: center; min-height: 4rem; }
      #pieces-en { min-height: 2.75rem; }
      #pieces-zh { min-height: 8.25rem; }
      [id^=count] { min-height: 1.5em; }
      #premium { min-height: 3em; }
    }`;

  /** Signs that cannot be seen, as they are shown. */
  const VISIBLE = { " ": "␣", "\n": "⏎", "\t": "⇥" };
  const code = (sign) => `U+${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  const visible = (text) => text.replace(/[\p{C}\p{Z}]/gu, (sign) => VISIBLE[sign] ?? code(sign));

  class LiveTokeniser extends Element {
    static markup = MARKUP;
    static style = STYLE;

    begin() {
      const root = this.shadowRoot;
      this.find("#load").textContent = fill(this.labels.load, { size: megabytes(this.files.tokenisers) });
      this.write();
      root.addEventListener("input", (event) => event.isComposing || this.cut());
      root.addEventListener("compositionend", () => this.cut());
      this.find("#load").addEventListener("click", () => this.cut());
      this.find("#again").addEventListener("click", () => {
        this.write();
        this.cut();
      });
    }

    /** Write the sentence with which it begins. */
    write() {
      for (const key in LANG) this.find(`#${key}`).value = this.labels[`start_${key}`];
    }

    /** Load the module and the tokenisers. */
    async loadAll() {
      const { code: module, tokenisers } = this.files;
      const [net] = await this.modules(module);
      const response = await fetch(tokenisers.url);
      if (!response.ok) throw new Error(`${tokenisers.url}: status ${response.status}`);
      const found = Object.entries(await response.json());
      return { net, tokenisers: Object.fromEntries(found.map(([name, each]) => [name, net.readTokeniser(each)])) };
    }

    /** Cut both lines with the chosen tokeniser. */
    async cut() {
      this.busy(true);
      if (!this.ready) this.say(this.labels.loading);
      this.ready = await this.load().catch(() => null);
      this.busy(false);
      if (!this.ready) return this.say(this.labels.failed);
      this.replace(this.find("#load"), this.find("#again"));
      this.say("");
      const counts = Object.keys(LANG).map((key) => this.cutLine(key));
      const premium = counts[0] && counts[1] ? (counts[1] / counts[0]).toFixed(2) : null;
      const text = premium === null ? this.labels.empty : fill(this.labels.premium, { premium });
      const found = this.find("#premium");
      if (found.textContent !== text) found.textContent = text; // a voice reads what changes
    }

    /** Show the pieces of a line, and return how many there are. */
    cutLine(key) {
      const { net, tokenisers } = this.ready;
      const all = [...this.find(`#${key}`).value];
      const text = all.slice(0, MOST).join("");
      const tokeniser = tokenisers[this.find(":checked").value];
      const ids = net.encode(tokeniser, text);
      this.find(`#pieces-${key}`).replaceChildren(...ids.map((id) => {
        const { text: piece, bytes } = net.show(tokeniser, id);
        const sign = make(bytes ? "code" : "span", { textContent: bytes ?? visible(piece) });
        return make("li", {}, sign, make("small", { textContent: id }));
      }));
      const characters = Math.min(all.length, MOST);
      const share = (ids.length / characters).toFixed(2);
      const template = all.length > MOST ? this.labels.cutOff : this.labels.count;
      const values = { tokens: ids.length, characters, share };
      this.find(`#count-${key}`).textContent = ids.length ? fill(template, values) : "";
      return ids.length;
    }

    say(text) {
      this.find("#status").textContent = text;
    }
  }

  customElements.define("live-tokeniser", LiveTokeniser);
})();
