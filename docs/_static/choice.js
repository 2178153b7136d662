// Questions with answers to choose from. What is chosen is explained at once, and may be changed. It is
// kept in this browser's local storage and nowhere else, and belongs to both languages of the site.
//
// The page holds everything: an answer becomes a button in the same place, and the explanation that it
// shows is a copy of the folded one.
(() => {
  const KEY = "dlcourse.choices";
  const MARK = { right: "✓", wrong: "✗" };

  function read() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY));
      return kept && typeof kept === "object" ? kept : {};
    } catch {
      return {}; // storage is off, or holds something else
    }
  }

  function keep(question, letter) {
    try {
      localStorage.setItem(KEY, JSON.stringify({ ...read(), [question]: letter }));
    } catch {
      // it is forgotten when the reader leaves
    }
  }

  /** A copy of an explanation, without what may stand on a page only once. */
  function copyOf(reason) {
    const copy = reason.cloneNode(true);
    copy.querySelectorAll("[id]").forEach((node) => node.removeAttribute("id"));
    copy.querySelectorAll(".copybtn").forEach((node) => node.remove());
    const mark = document.createElement("span");
    mark.className = "choice-mark";
    mark.ariaHidden = "true";
    mark.textContent = MARK[reason.dataset.verdict];
    copy.querySelector(".choice-verdict").prepend(mark, " ");
    return [...copy.childNodes];
  }

  function begin(choice) {
    const said = choice.querySelector(".choice-said");
    const reasons = [...choice.querySelectorAll(".choice-reason")];
    const letterOf = (node) => node.querySelector(".choice-letter").textContent;
    const nothing = said.innerHTML;

    const buttons = [...choice.querySelectorAll(".choice-answer")].map((answer, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = answer.className;
      button.append(...answer.childNodes);
      button.addEventListener("click", () => {
        mark(index);
        said.replaceChildren(...copyOf(reasons[index]));
        keep(choice.dataset.choice, letterOf(button));
      });
      answer.replaceWith(button);
      return button;
    });

    function mark(chosen) {
      buttons.forEach((button, index) => {
        button.ariaPressed = index === chosen;
        if (index === chosen) button.dataset.verdict = reasons[index].dataset.verdict;
        else delete button.dataset.verdict;
      });
      if (chosen < 0) said.innerHTML = nothing;
    }

    /** What was chosen earlier, in one line: the page does not move while it is loaded. */
    function show() {
      const letter = read()[choice.dataset.choice];
      const chosen = buttons.findIndex((button) => letterOf(button) === letter);
      mark(chosen);
      if (chosen < 0) return;
      const words = choice.dataset.kept
        .replace("{letter}", letter)
        .replace("{verdict}", reasons[chosen].querySelector("strong").textContent);
      said.firstElementChild.textContent = words;
    }

    show();
    addEventListener("storage", (event) => {
      if (event.key === null || (event.key === KEY && !event.newValue)) show(); // cleared
    });
  }

  document.querySelectorAll(".choice").forEach(begin);
})();
