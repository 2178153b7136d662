// In the map of the course, mark what the entry under the pointer or the focus builds on.
// Without this script the same is there in words: "needs 05".

for (const map of document.querySelectorAll(".course-map")) {
  const entries = new Map(
    [...map.querySelectorAll("[data-lesson]")].map((entry) => [entry.dataset.lesson, entry]),
  );
  const needs = (entry) => entry.dataset.needs.split(" ").filter(Boolean);
  let shown = null;

  const show = (entry) => {
    if (entry === shown) return;
    shown = entry;
    const needed = new Set();
    const edges = new Set();
    const ahead = entry ? [entry.dataset.lesson] : [];
    while (ahead.length) {
      const number = ahead.pop();
      for (const need of needs(entries.get(number))) {
        edges.add(`${need}-${number}`);
        if (!needed.has(need)) ahead.push(need);
        needed.add(need);
      }
    }
    for (const [number, element] of entries) {
      element.classList.toggle("is-needed", needed.has(number));
      element.classList.toggle("is-chosen", element === entry);
    }
    for (const line of map.querySelectorAll("path")) {
      line.classList.toggle("is-needed", line.dataset.edges.split(" ").some((edge) => edges.has(edge)));
    }
  };

  const entryOf = (event) => event.target.closest("[data-lesson]");
  map.addEventListener("pointerover", (event) => show(entryOf(event)));
  map.addEventListener("pointerleave", () => show(null));
  map.addEventListener("focusin", (event) => show(entryOf(event)));
  map.addEventListener("focusout", () => show(null));
}
