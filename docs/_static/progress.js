// Ticks for the lessons that a reader has done. They are kept in this browser's local storage and
// nowhere else, and belong to both languages of the site.
//
// Any element with data-lesson="04" is marked when lesson 04 is ticked; any element with
// data-progress="{done} of {total} lessons done" is filled and shown. Words come from the page.
(() => {
  const KEY = "dlcourse.done";
  const CHOICES = "dlcourse.choices"; // answers to questions, see choice.js; cleared with the ticks
  const words = JSON.parse(document.querySelector('meta[name="course-progress"]').content);
  const { lessons } = words;
  let unsaved = null; // the ticks, where the browser keeps nothing

  function read() {
    if (unsaved) return unsaved;
    try {
      const kept = JSON.parse(localStorage.getItem(KEY));
      return new Set(Array.isArray(kept) ? kept.filter((number) => typeof number === "string") : []);
    } catch {
      return new Set(); // storage is off, or holds something else
    }
  }

  function save(ticks) {
    try {
      if (ticks.size) localStorage.setItem(KEY, JSON.stringify([...ticks].sort()));
      else localStorage.removeItem(KEY);
    } catch {
      unsaved = ticks;
    }
    show();
  }

  function hasChoices() {
    try {
      return localStorage.getItem(CHOICES) !== null;
    } catch {
      return false;
    }
  }

  function clear() {
    try {
      localStorage.removeItem(CHOICES);
    } catch {
      // nothing was kept
    }
    save(new Set());
  }

  function toggle(number) {
    const ticks = read();
    if (!ticks.delete(number)) ticks.add(number);
    save(ticks);
  }

  // Links in the menu and cards on the index pages name their lesson in their address only.
  function nameLessons() {
    for (const link of document.querySelectorAll(".bd-sidebar-primary a[href], .lesson-card a[href]")) {
      const number = new URL(link.href).pathname.match(/\/lesson_(\d\d)_[^/]*$/)?.[1];
      if (number) (link.closest(".lesson-card") || link).dataset.lesson = number;
    }
  }

  function mark(element, done) {
    element.classList.toggle("is-done", done);
    const text = element.querySelector(".lesson-done-text");
    if (!done) return text?.remove();
    if (text) return;
    const hidden = document.createElement("span");
    hidden.className = "lesson-done-text";
    hidden.textContent = ` (${words.done})`;
    // In a card, the words belong to the link, so that they are read with it; a row of a table
    // cannot hold them itself.
    (element.querySelector("a, th, td") || element).append(hidden);
  }

  function clearButton(progress) {
    let button = progress.parentElement.querySelector(".lesson-ticks-clear");
    if (button) return button;
    button = document.createElement("button");
    button.type = "button";
    button.className = "lesson-ticks-clear";
    button.textContent = words.clear;
    button.addEventListener("click", () => {
      if (!confirm(words.question)) return;
      clear();
      progress.focus({ preventScroll: true }); // the button is gone
    });
    progress.tabIndex = -1;
    progress.after(button);
    return button;
  }

  function show() {
    const ticks = read();
    for (const element of document.querySelectorAll("[data-lesson]")) {
      mark(element, ticks.has(element.dataset.lesson));
    }
    const done = lessons.filter((number) => ticks.has(number)).length;
    for (const element of document.querySelectorAll("[data-progress]")) {
      element.textContent = element.dataset.progress
        .replace("{done}", done)
        .replace("{total}", lessons.length);
      element.hidden = false;
      clearButton(element).hidden = ticks.size === 0 && !hasChoices();
    }
    for (const button of document.querySelectorAll("button[data-done-button]")) {
      const pressed = ticks.has(button.dataset.doneButton);
      button.setAttribute("aria-pressed", pressed);
      button.hidden = false;
      const note = button.parentElement.querySelector("[role='status']");
      note.textContent = !pressed ? "" : unsaved ? button.dataset.unsaved : button.dataset.saved;
    }
  }

  nameLessons();
  for (const button of document.querySelectorAll("button[data-done-button]")) {
    button.addEventListener("click", () => toggle(button.dataset.doneButton));
  }
  addEventListener("storage", (event) => {
    if ([KEY, CHOICES, null].includes(event.key)) show(); // another tab
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) show(); // back from another page
  });
  show();
})();
