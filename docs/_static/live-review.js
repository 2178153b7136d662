// <live-review>: the networks of lesson 23 judge a review while the reader writes it, token by token.
//
// Nothing is loaded before the reader writes or chooses an example, and nothing is sent.
(() => {
  const { Element, LANG, fill, languageOf, megabytes, short } = globalThis.live;
  const PAUSE = 250; // milliseconds without a keystroke before the network answers
  const MOST = 20000; // characters that are looked at; the network reads fewer
  const STRONGEST = 55; // percent of colour behind a token that settles the matter

  const MARKUP = `
    <label for="text" data-text="write"></label>
    <textarea id="text" rows="3" dir="auto" spellcheck="false" aria-describedby="hint"></textarea>
    <p class="small" id="hint" data-text="hint"></p>
    <div class="examples" role="group"></div>
    <div class="answer" role="status"><p id="verdict"></p><p class="small" id="limit"></p></div>
    <div id="found" hidden>
      <div id="tokens" role="toolbar"></div>
      <p id="chosen"></p>
      <div class="plot">
        <span class="small" data-text="good" aria-hidden="true"></span>
        <span class="small" data-text="bad" aria-hidden="true"></span>
        <div class="curve">
          <svg viewBox="0 0 1 1" preserveAspectRatio="none" role="img">
            <path class="middle" d="M0 .5H1" /><path class="here" /><path class="line" />
          </svg>
          <span class="dot"></span>
        </div>
      </div>
      <p class="small" id="unknown"></p>
    </div>
    <p class="small private" data-text="private"></p>`;

  const STYLE = `
    :host { --good: #0072b2; --bad: #d55e00; }
    label { font-weight: 600; }
    textarea { height: 6rem; }
    .examples button { text-align: start; }
    #found { display: block; } /* it keeps its room while it is hidden */
    .answer { min-height: 9rem; padding-bottom: 0.5rem; }
    #verdict { font-size: 1.0625rem; font-weight: 600; }
    #tokens { display: flex; flex-wrap: wrap; align-content: start; gap: 0.25rem; height: 9rem; padding: 0.375rem;
      position: relative; overflow-y: auto; border: 1px solid var(--pst-color-border); border-radius: 0.375rem; }
    #tokens button { min-width: 1.5rem; max-width: 100%; min-height: 1.75rem; padding: 0 0.25rem; overflow-wrap: anywhere;
      border: 1px solid transparent; border-radius: 0.25rem; background:
      color-mix(in srgb, var(--side) var(--strength), var(--pst-color-background)); }
    #tokens button:hover { border-color: var(--pst-color-primary); }
    #tokens button.unknown { border: 1px dashed var(--pst-color-text-base); }
    #tokens button[aria-pressed="true"] { box-shadow: inset 0 0 0 2px var(--pst-color-text-base); }
    #chosen { min-height: 6.4em; margin-block: 0.5rem; line-height: 1.6; }
    .plot { display: grid; grid-template: auto 1fr / auto 1fr; gap: 0 0.5rem; height: 6rem; }
    .plot > .small:nth-child(2) { grid-area: 2 / 1; align-self: end; }
    .curve { position: relative; grid-area: 1 / 2 / 3 / 3; border-block: 1px solid var(--pst-color-border); cursor: pointer; }
    svg { position: absolute; width: 100%; height: 100%; overflow: visible; }
    path { fill: none; vector-effect: non-scaling-stroke; stroke-width: 1px; stroke: var(--pst-color-text-muted); }
    .middle { stroke-dasharray: 2 4; }
    .line { stroke-width: 2px; stroke: var(--pst-color-primary); }
    .dot { position: absolute; width: 0.75rem; height: 0.75rem; margin: -0.375rem; border-radius: 50%;
      background: var(--pst-color-primary); }
    #unknown { min-height: 3em; margin-top: 0.5rem; }
    @container (min-width: 36rem) {
      .answer { min-height: 4.5rem; }
      #tokens { height: 6.5rem; }
      #chosen { min-height: 3.2em; }
      #unknown { min-height: 1.5em; }
    }`;

  class LiveReview extends Element {
    static markup = MARKUP;
    static style = STYLE;

    begin() {
      this.find(".examples").ariaLabel = this.labels.examples;
      this.find("#tokens").ariaLabel = this.labels.tokens;
      this.listen();
      this.say(this.labels.waiting);
    }

    listen() {
      const text = this.find("#text");
      const now = this.whenWritten(text, PAUSE, () => this.judge());
      this.offer(this.find(".examples"), this.labels.sentences, text, now);
      const tokens = this.find("#tokens");
      const place = ({ target }) => [...tokens.children].indexOf(target.closest("button"));
      for (const type of ["click", "focusin"])
        tokens.addEventListener(type, (event) => place(event) >= 0 && this.choose(place(event)));
      tokens.addEventListener("keydown", (event) => {
        const last = tokens.children.length - 1;
        const to = { ArrowLeft: this.at - 1, ArrowRight: this.at + 1, Home: 0, End: last }[event.key];
        if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        tokens.children[Math.min(last, Math.max(0, to))].focus();
      });
      this.find(".curve").addEventListener("click", (event) => {
        const { left, width } = this.find(".curve").getBoundingClientRect();
        const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
        this.choose(Math.round(share * (this.answer.chances.length - 1)));
        tokens.scrollTop = tokens.children[this.at].offsetTop - tokens.clientHeight / 2;
      });
    }

    /** Load the modules and the network of a language. */
    async loadAll(language) {
      const [small, net] = await this.modules(this.files.small, this.files.code);
      const model = await small.loadSmallModel(this.files[language].url);
      this.net = net;
      return net.readNetwork(small, model);
    }

    /** Let the network of its language judge what is written. */
    async judge() {
      const turn = ++this.turn;
      const whole = this.find("#text").value;
      const text = whole.slice(0, MOST);
      if (!text.trim()) return this.show(null, this.labels.waiting);
      const language = languageOf(text);
      const size = megabytes(this.files[language]);
      const slow = setTimeout(() => turn === this.turn && this.say(fill(this.labels.loading, { size })), 300);
      const network = await this.load(language).catch(() => null);
      clearTimeout(slow);
      if (turn !== this.turn) return; // more was written meanwhile
      if (!network) return this.show(null, this.labels.failed);
      const { tokens, more } = this.net.splitTokens(text, language, network.longest);
      if (!tokens.length) return this.show(null, this.labels.waiting);
      const ids = this.net.encode(network, tokens);
      const chances = this.net.chances(network, ids);
      const values = { model: this.labels[language], percent: this.percent(chances.at(-1)) };
      const verdict = fill(chances.at(-1) > 0.5 ? this.labels.saysGood : this.labels.saysBad, values);
      const cut = more || whole.length > MOST;
      const limit = cut ? fill(this.labels.cut, { limit: network.longest }) : "";
      this.show({ tokens, ids, chances, language }, verdict, limit);
    }

    // The answer

    say(verdict, limit = "") {
      this.find("#verdict").textContent = verdict;
      this.find("#limit").textContent = limit;
    }

    show(answer, verdict, limit) {
      this.answer = answer;
      this.say(verdict, limit);
      this.find("#found").hidden = !answer;
      this.find("#tokens").replaceChildren(...(answer ? answer.tokens.map((_, at) => this.button(at)) : []));
      if (!answer) return;
      this.find("#tokens").lang = LANG[answer.language];
      const { chances, ids } = answer;
      const across = this.across.bind(this);
      const line = chances.map((share, at) => `${across(at)} ${1 - share}`).join("L");
      this.find(".line").setAttribute("d", `M${line}`);
      const [low, high] = [Math.min(...chances), Math.max(...chances)];
      const values = { first: chances[0], last: chances.at(-1), low, high };
      for (const name of Object.keys(values)) values[name] = this.percent(values[name]);
      this.find("svg").ariaLabel = fill(this.labels.curve, values);
      const count = ids.filter((id) => id === 1).length;
      this.find("#unknown").textContent = count ? fill(this.labels.unknown, { count, all: ids.length }) : "";
      this.choose(chances.length - 1);
      this.find("#tokens").scrollTop = 0;
    }

    /** The share of the width at which a token stands in the curve. */
    across(at) {
      const last = this.answer.chances.length - 1;
      return last ? at / last : 0.5;
    }

    button(at) {
      const { tokens, chances, ids } = this.answer;
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: short(tokens[at], 16, 7) });
      button.style.setProperty("--side", chances[at] > 0.5 ? "var(--good)" : "var(--bad)");
      button.style.setProperty("--strength", `${(STRONGEST * Math.abs(2 * chances[at] - 1)).toFixed(0)}%`);
      button.classList.toggle("unknown", ids[at] === 1);
      button.ariaLabel = this.words(ids[at] === 1 ? this.labels.tokenUnknown : this.labels.token, at);
      button.tabIndex = -1;
      return button;
    }

    words(text, at) {
      const { tokens, chances } = this.answer;
      const values = { number: at + 1, all: tokens.length, percent: this.percent(chances[at]) };
      return fill(text, { ...values, token: short(tokens[at], 16, 7) });
    }

    /** Show the number of one token; the arrow keys go on from it. */
    choose(at) {
      this.at = at;
      [...this.find("#tokens").children].forEach((button, place) => {
        button.tabIndex = place === at ? 0 : -1;
        button.ariaPressed = place === at;
      });
      const { chances, ids } = this.answer;
      this.find("#chosen").textContent = this.words(ids[at] === 1 ? this.labels.afterUnknown : this.labels.after, at);
      this.find(".here").setAttribute("d", `M${this.across(at)} 0V1`);
      const dot = this.find(".dot").style;
      [dot.left, dot.top] = [`${100 * this.across(at)}%`, `${100 * (1 - chances[at])}%`];
    }
  }

  customElements.define("live-review", LiveReview);
})();
