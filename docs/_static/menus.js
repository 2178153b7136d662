// The theme's menus in the header, and the part of Bootstrap that its other script calls. Bootstrap
// itself is twenty times as long.
window.bootstrap = {
  // The title attribute is a tooltip already.
  Tooltip: class {
    show() {}
    hide() {}
  },
};

(() => {
  const button = (node) => node.closest?.('[data-bs-toggle="dropdown"]');
  const menu = (toggle) => toggle.parentElement.querySelector(".dropdown-menu");

  function set(toggle, open) {
    const list = menu(toggle);
    toggle.classList.toggle("show", open);
    toggle.setAttribute("aria-expanded", String(open));
    list.classList.toggle("show", open);
    if (open) list.setAttribute("data-bs-popper", "static"); // Bootstrap's styles place it by this
    else list.removeAttribute("data-bs-popper");
  }

  function closeOthers(keep) {
    for (const toggle of document.querySelectorAll('[data-bs-toggle="dropdown"].show')) {
      if (toggle !== keep) set(toggle, false);
    }
  }

  document.addEventListener("click", ({ target }) => {
    const toggle = button(target);
    closeOthers(toggle);
    if (toggle) set(toggle, !toggle.classList.contains("show"));
  });

  document.addEventListener("focusin", ({ target }) => {
    const around = target.closest(".dropdown")?.querySelector('[data-bs-toggle="dropdown"]');
    closeOthers(around);
  });

  document.addEventListener("keydown", (event) => {
    const open = document.querySelector('[data-bs-toggle="dropdown"].show');
    if (event.key === "Escape" && open) {
      set(open, false);
      open.focus();
      event.stopPropagation();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const toggle = button(event.target) ?? (open?.parentElement.contains(event.target) ? open : null);
    if (!step || !toggle) return;
    event.preventDefault();
    if (!toggle.classList.contains("show")) {
      closeOthers(toggle);
      set(toggle, true);
    }
    const items = [...menu(toggle).querySelectorAll("a, button")];
    const now = items.indexOf(document.activeElement);
    const next = now < 0 ? (step > 0 ? 0 : items.length - 1) : now + step;
    items[(next + items.length) % items.length]?.focus();
  });

  // The theme draws what folds out a part in the sidebar as an icon: it has the name of the part.
  for (const toggle of document.querySelectorAll(".bd-sidebar-primary summary")) {
    toggle.setAttribute("aria-label", toggle.closest("li").querySelector("a").textContent.trim());
  }
})();
