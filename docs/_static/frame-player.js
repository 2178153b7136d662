// <frame-player>: the frames of an animated figure. Nothing moves, and no frame but the poster is
// loaded, before the reader uses a control. Words and addresses come from the page.
"use strict";
{
  const STYLE = `
    :host { display: block; }
    [role="group"] { display: flex; align-items: center; gap: 0.25rem; height: 2.75rem;
      margin-top: 0.5rem; color: var(--pst-color-text-base); font-size: 0.9375rem; }
    button { display: grid; place-items: center; flex: none; width: 2.75rem; height: 2.75rem;
      padding: 0; border: 1px solid transparent; border-radius: 50%; background: none;
      color: inherit; cursor: pointer; }
    button:hover { background: var(--pst-color-surface); }
    .play, .play:hover { border-color: var(--pst-color-primary); background: var(--pst-color-primary);
      color: var(--pst-color-primary-text); }
    svg { width: 1.25rem; height: 1.25rem; fill: currentColor; }
    input { flex: 1 1 4rem; min-width: 3rem; height: 2.75rem; margin: 0 0.5rem;
      accent-color: var(--pst-color-primary); cursor: pointer; }
    :focus-visible { outline: 3px solid var(--pst-color-accent); outline-offset: 2px; }
    .count { min-width: 3.5em; text-align: end; font-variant-numeric: tabular-nums; }
    .problem { margin: 0.25rem 0 0; color: var(--pst-color-danger); }
    .spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
      white-space: nowrap; }
    @media print { [role="group"], .problem { display: none; } }`;
  const ICONS = {
    previous: "M6 5h2.5v14H6zM19 5v14L9.5 12z",
    play: "M7 4.5v15l12-7.5z",
    pause: "M6 5h4v14H6zM14 5h4v14h-4z",
    next: "M15.5 5H18v14h-2.5zM5 5v14l9.5-7z",
  };

  const element = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };

  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS(svg.namespaceURI, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  };

  class FramePlayer extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      this.urls = JSON.parse(this.dataset.frames);
      this.labels = JSON.parse(this.dataset.labels);
      this.image = this.querySelector("img");
      this.index = this.urls.length - 1; // the poster
      this.loaded = [];
      const button = (name, act) => {
        const node = element("button", { type: "button", class: name }, icon(name));
        node.addEventListener("click", act);
        this.name(node, name);
        return node;
      };
      this.playButton = button("play", () => (this.timer ? this.stop() : this.play()));
      const label = { "aria-label": this.labels.player };
      this.slider = element("input", { type: "range", min: 1, max: this.urls.length, ...label });
      this.slider.addEventListener("input", () => this.go(this.slider.valueAsNumber - 1));
      this.count = element("span", { class: "count", "aria-hidden": "true" });
      this.spoken = element("span", { class: "spoken", role: "status" });
      this.problem = element("p", { class: "problem", role: "alert" });
      this.problem.hidden = true;
      const controls = element(
        "div",
        { role: "group", ...label },
        button("previous", () => this.go(this.index - 1, true)),
        this.playButton,
        button("next", () => this.go(this.index + 1, true)),
        this.slider,
        this.count,
        this.spoken,
      );
      this.attachShadow({ mode: "open" }).append(
        element("style", {}, STYLE),
        element("slot"),
        controls,
        this.problem,
      );
      this.report();
    }

    disconnectedCallback() {
      this.stop();
    }

    name(button, label) {
      button.title = this.labels[label];
      button.setAttribute("aria-label", button.title);
    }

    /** Load a frame, and with the first one all the others. */
    load(index) {
      if (!this.loaded.length) {
        this.loaded = this.urls.map((url) => {
          const image = element("img", { src: url });
          return image.decode().then(() => image.src);
        });
        this.loaded.forEach((frame) => frame.catch(() => {})); // the one that is wanted says so
      }
      return this.loaded[index];
    }

    /** The reader asks for a frame; from the last one on, the first comes again. */
    go(index, aloud = false) {
      this.stop();
      return this.show((index + this.urls.length) % this.urls.length, aloud);
    }

    async show(index, aloud = false) {
      this.index = index;
      this.report(aloud);
      try {
        const url = await this.load(index);
        if (this.index === index) this.image.src = url;
        this.problem.hidden = true;
      } catch {
        this.loaded = []; // the next attempt loads again
        this.stop();
        this.problem.textContent = this.labels.failed;
        this.problem.hidden = false;
      }
    }

    report(aloud = false) {
      const [number, total] = [this.index + 1, this.urls.length];
      const words = this.labels.position.replace("{number}", number).replace("{total}", total);
      this.slider.value = number;
      this.slider.setAttribute("aria-valuetext", words);
      this.count.textContent = `${number} / ${total}`;
      if (aloud) this.spoken.textContent = words;
    }

    /** One round, from the frame that is shown; after the last frame, from the first. */
    async play() {
      const run = (this.timer = {});
      this.playButton.replaceChildren(icon("pause"));
      this.name(this.playButton, "pause");
      let next = (this.index + 1) % this.urls.length;
      for (; this.timer === run && next < this.urls.length; next += 1) {
        await this.show(next);
        await new Promise((resume) => setTimeout(resume, Number(this.dataset.interval)));
      }
      if (this.timer === run) this.stop();
    }

    stop() {
      this.timer = null;
      this.playButton.replaceChildren(icon("play"));
      this.name(this.playButton, "play");
    }
  }

  customElements.define("frame-player", FramePlayer);
}
