// What the elements share in which a network of a lesson answers. Their scripts come after this one.
//
// Classic scripts, so that they also run on a page opened from a folder: there the browser loads
// neither modules nor data, and an element can say so.
"use strict";
globalThis.live = (() => {
  /** The looks that all of them have; their own come after these. */
  const STYLE = `
    * { box-sizing: border-box; }
    [hidden] { visibility: hidden !important; }
    p { margin: 0; overflow-wrap: anywhere; }
    .small { font-size: 0.875rem; line-height: 1.5; text-wrap: pretty; color: var(--pst-color-text-muted); }
    button { min-height: 2.75rem; padding: 0.25rem 0.75rem; font: inherit; font-size: 0.9375rem;
      color: var(--pst-color-text-base); background: var(--pst-color-surface);
      border: 1px solid var(--pst-color-text-muted); border-radius: 0.375rem; cursor: pointer; }
    button:hover:where(:not(:disabled)) { border-color: var(--pst-color-primary);
      box-shadow: inset 0 0 0 1px var(--pst-color-primary); }
    #load[aria-disabled] { cursor: progress; opacity: 0.6; }
    textarea, #text { display: block; width: 100%; margin-block: 0.375rem; padding: 0.5rem 0.75rem; font: inherit;
      line-height: 1.5; resize: none; color: var(--pst-color-text-base); background: var(--pst-color-background);
      border: 1px solid var(--pst-color-text-muted); border-radius: 0.375rem; }
    :is(textarea, button, input):focus-visible { outline: 3px solid var(--pst-color-accent); outline-offset: 2px; }
    .examples { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-block: 0.75rem; }
    .private { margin-top: 0.75rem; padding-top: 0.75rem; border-top: 1px solid var(--pst-color-border); }`;

  /** Fill the {places} of a sentence. */
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  /** An element of HTML with its properties. */
  const make = (name, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  };

  /** A word of a reader can be longer than all the rest: its first and last characters. */
  const short = (word, first, last) => {
    const signs = Array.from(word);
    return signs.length > first + last + 1 ? [...signs.slice(0, first), "…", ...signs.slice(-last)].join("") : word;
  };

  /** As in lesson 23: a text with a Chinese character in it is for the Chinese network. */
  const languageOf = (text) => (/[\u4e00-\u9fff]/.test(text) ? "zh" : "en");

  /** What a text in it is called in HTML. */
  const LANG = { en: "en", zh: "zh-CN" };

  const megabytes = (...files) => (files.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6).toFixed(1);

  /** The words come from `data-labels`, the addresses from `data-files`. It defines `loadAll` and `begin`. */
  class Element extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const { markup, style } = this.constructor;
      this.labels = JSON.parse(this.dataset.labels);
      this.files = JSON.parse(this.dataset.files);
      const root = this.attachShadow({ mode: "open" });
      root.innerHTML = `<style>${STYLE}${style}</style>${markup}`;
      this.find = (selector) => root.querySelector(selector);
      for (const node of root.querySelectorAll("[data-text]"))
        node.textContent = this.labels[node.dataset.text];
      this.format = new Intl.NumberFormat(this.lang, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
      this.list = new Intl.ListFormat(this.lang);
      [this.turn, this.failures, this.loading] = [0, 0, {}];
      this.begin();
    }

    /** Load what is needed for a part, once; after a failure the next attempt tries again. */
    load(part = "all") {
      this.loading[part] ??= this.loadAll(part).catch((error) => {
        this.loading[part] = null;
        this.failures++;
        throw error;
      });
      return this.loading[part];
    }

    /** Import modules. A browser does not ask again for one that did not arrive: the fragment makes another. */
    modules(...files) {
      return Promise.all(files.map(({ url }) => import(new URL(`${url}#${this.failures}`, document.baseURI))));
    }

    /** Call a function when nothing was written for some milliseconds; return what calls it at once. */
    whenWritten(text, pause, act) {
      let timer;
      const now = () => {
        clearTimeout(timer);
        act();
      };
      const later = (event) => {
        if (event.isComposing) return; // the letters of a Chinese character that is not yet chosen
        clearTimeout(timer);
        timer = setTimeout(act, pause);
      };
      text.addEventListener("input", later);
      text.addEventListener("compositionend", later);
      return now;
    }

    /** Offer texts, one a line; a click writes one and calls a function. */
    offer(group, texts, field, act) {
      for (const textContent of texts.split("\n")) {
        const button = make("button", { type: "button", textContent, lang: LANG[languageOf(textContent)] });
        button.addEventListener("click", () => {
          field.value = textContent;
          act();
        });
        group.append(button);
      }
    }

    /** Say that the button works, or that it works no more; not by `disabled`, which would lose the focus. */
    busy(busy) {
      const button = this.find("#load");
      if (busy) button.ariaDisabled = "true";
      else button.removeAttribute("aria-disabled");
    }

    /** Put one button in the place of another, and the focus with it. */
    replace(button, other) {
      const focused = this.shadowRoot.activeElement === button;
      [button.hidden, other.hidden] = [true, false];
      if (focused) other.focus();
    }

    /** A share of 0.9999 is not all, and one of 0.0001 not none. */
    percent(share) {
      if (share >= 0.9995) return `>${this.format.format(0.999)}`;
      return share < 0.0005 ? `<${this.format.format(0.001)}` : this.format.format(share);
    }
  }

  return { Element, LANG, fill, languageOf, make, megabytes, short };
})();
