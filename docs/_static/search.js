// The search in a dialog over the page, and on the search page: loads the index when it is first
// used, shows the answers while one types. All sentences come from the page.
"use strict";

(() => {
  const SCRIPTS = ["minisearch.js", "search-tokeniser.js", "search-engine.js", "search-index.js"];
  const DELAY_MS = 120;
  const IN_DIALOG = 20;
  const ON_PAGE = 200;

  const box = document.querySelector(".course-search");
  if (!box) return;
  const dialog = box.closest("dialog");
  const [form, status, list] = [".search-form", ".search-status", ".search-results"].map((s) => box.querySelector(s));
  const [none, error, all] = [".search-none", ".search-error", ".search-all"].map((s) => box.querySelector(s));
  const input = form.elements.q;
  // Addresses relative to the root of this language, from whatever depth.
  const root = new URL(document.documentElement.dataset.content_root || "./", document.baseURI);

  let loading = null;
  let find = null;
  let timer = 0;
  let asked = ""; // what the answers shown are for

  const load = (name) =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL(`_static/${name}`, root);
      script.async = false; // in their order, though all are loaded at once
      script.onload = resolve;
      script.onerror = () => {
        script.remove();
        reject(new Error(name));
      };
      document.head.append(script);
    });

  const prepare = () => {
    loading ??= Promise.all(SCRIPTS.map(load))
      .then(() => {
        find = globalThis.searchEngine.create(globalThis.MiniSearch, globalThis.searchIndex);
        delete globalThis.searchIndex; // the text of all pages, which the engine now has
      })
      .catch(() => {
        loading = null;
      });
    return loading;
  };

  const say = (name, values = {}) => {
    const sentence = name ? status.dataset[name] : "";
    status.textContent = sentence.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  };

  const element = (tag, className, ...children) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };
  const marked = (parts) => parts.map(({ text, mark }) => (mark ? element("mark", "", text) : text));

  const item = ({ address, path, title, snippet }) => {
    const link = element("a", "search-result", element("span", "search-result-title", ...marked(title)));
    link.href = new URL(address, root);
    if (path.length) link.prepend(element("span", "search-result-path", path.join(" › ")));
    if (snippet) {
      const kind = snippet.kind === "prose" ? "search-snippet" : "search-snippet search-snippet-code";
      link.append(element("span", kind, ...marked(snippet.parts)));
    }
    return element("li", "", link);
  };

  const show = ({ near, total, results }) => {
    list.replaceChildren(...results.map(item));
    none.hidden = total > 0;
    const shown = results.length;
    if (all) all.hidden = shown === total;
    const name = total === 0 ? "none" : near ? "near" : total === 1 ? "one" : shown < total ? "first" : "many";
    say(name, { total, shown });
  };

  const clear = () => {
    list.replaceChildren();
    none.hidden = error.hidden = true;
    if (all) all.hidden = true;
    say("");
  };

  const answer = async () => {
    clearTimeout(timer);
    const query = input.value.trim();
    if (query === asked && (find || !query)) return;
    asked = query;
    if (!query) clear();
    if (!find) {
      if (query) {
        clear();
        say("loading");
      }
      await prepare();
      if (input.value.trim() !== query) return; // a later call has the answer
    }
    if (!find) {
      asked = "";
      if (!query) return;
      error.hidden = false;
      say("error");
    } else if (query) {
      error.hidden = true;
      show(find(query, dialog ? IN_DIALOG : ON_PAGE));
    }
    const address = new URL(form.action);
    if (query) address.searchParams.set("q", query);
    if (all) all.firstElementChild.href = address;
    if (!dialog) history.replaceState(null, "", address);
  };

  const links = () => [...list.querySelectorAll("a")];
  const move = (by) => {
    const stops = [input, ...links()];
    const at = Math.max(0, stops.indexOf(document.activeElement));
    const next = stops[(at + by + stops.length) % stops.length];
    next.focus();
    if (next === input) input.select();
  };

  input.addEventListener("focus", prepare);
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(answer, DELAY_MS);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await answer();
    if (dialog) links()[0]?.click();
    else if (links().length) links()[0].focus();
  });
  box.querySelector(".search-retry").addEventListener("click", () => {
    input.focus();
    asked = "";
    answer();
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const onLink = list.contains(document.activeElement);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!onLink && document.activeElement !== input) return;
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (onLink && event.key === "Home") {
      event.preventDefault();
      links()[0].focus();
    } else if (onLink && event.key === "End") {
      event.preventDefault();
      links().at(-1).focus();
    } else if (onLink && (event.key.length === 1 && event.key !== " " || event.key === "Backspace")) {
      input.focus(); // and the key goes into the field
    }
  });

  const open = () => {
    if (dialog && !dialog.open) dialog.showModal();
    input.focus();
    input.select();
  };

  if (dialog) {
    box.querySelector(".search-close").addEventListener("click", () => dialog.close());
    // The box fills the dialog: what is not in the box is the backdrop.
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    // A field of type search empties itself on the first Escape; here the first one closes.
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      dialog.close();
    });
    // The result may be on this very page.
    list.addEventListener("click", (event) => {
      if (event.target.closest("a") && !event.ctrlKey && !event.metaKey && !event.shiftKey) dialog.close();
    });
  } else {
    input.value = new URLSearchParams(location.search).get("q") ?? "";
    answer();
  }

  const isMac = /^(Mac|iP)/.test(navigator.platform);
  for (const opener of document.querySelectorAll(".search-opener")) {
    opener.setAttribute("role", "button");
    if (dialog) opener.setAttribute("aria-haspopup", "dialog");
    if (isMac) opener.querySelector("kbd").textContent = "⌘ K";
    opener.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // the search page in a new tab
      event.preventDefault();
      open();
    });
    opener.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      open();
    });
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.composedPath()[0].closest?.("input, textarea, select, [contenteditable]");
    const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
    const combination = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    if (!slash && !(combination && event.key.toLowerCase() === "k")) return;
    event.preventDefault();
    open();
  });
})();
