"""Put an element on a page of the built site, with the looks of the site and its real script.

The page is that of lesson 09, which has the elements, and so their styles and scripts; those of
its own are taken out. It is loaded once in each language and kind of browser.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from playwright.sync_api import Browser, Page, Route

from _ext.translation import catalogues
from _ext.widgets.element import depart, interactive, visit
from built_site import LANGUAGES, ROOT
from page_watch import Watched

CODES = {"en": "en", "zh": "zh_CN"}
PAGE = "lessons/2_training/lesson_09_convolution_1.html"
ELEMENT = re.compile(r"<(conv-stepper|frame-player)\b.*?</\1>", re.DOTALL)
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
SMALL_PHONE = {"width": 320, "height": 640}
STATIC = ROOT / "docs" / "_static"
PAGES_OWN = {"document", "stylesheet", "image", "media", "font", "other"}  # other: its icon

#: Put an element on the stage; return how many timers it starts, and so what would move by itself.
PUT = """(markup) => {
  const names = ["setTimeout", "setInterval", "requestAnimationFrame"];
  const real = names.map((name) => window[name]);
  let started = 0;
  names.forEach((name, i) => (window[name] = (...all) => (started++, real[i](...all))));
  document.querySelector("#stage").innerHTML = markup;
  names.forEach((name, i) => (window[name] = real[i]));
  scrollTo(0, 0);
  return started;
}"""


def words(labels: Callable[[Callable[[str], str]], dict[str, str]], folder: str) -> dict[str, str]:
    """Return the words of an element in the language of a folder."""
    strings = catalogues.load(ROOT / "docs" / "locale", CODES[folder], "site")
    return labels(lambda text: text if folder == "en" else strings[text])


def written(visit: Callable[..., None], *arguments: Any) -> str:
    """Return what a function of an extension writes into a page."""
    translator = SimpleNamespace(body=[])
    visit(translator, *arguments)
    return "".join(translator.body)


def markup(component: ModuleType, folder: str, **settings: object) -> str:
    """Return an interactive figure as it stands in a page, with a sentence for no scripts."""
    node = interactive(
        component=name_of(component),
        settings={**component.DEFAULTS, **settings},
        lang=LANGUAGES[folder],
        labels=words(component.labels, folder),
        classes=["no-search"],
    )
    return f"{written(visit, node)}<p>Stand-in</p>{written(depart, node)}"


def name_of(component: ModuleType) -> str:
    """Return the name of an element, which is that of its module and of its script."""
    return component.__name__.rpartition(".")[2].replace("_", "-")


#: A page without interactive figures, and what puts one below its title.
PLAIN = "setup.html"
PUT_BELOW = """(markup) => {
  const title = document.querySelector("h1");
  title.insertAdjacentHTML("afterend", `<div id="stage">${markup}</div><p id="below">.</p>`);
  scrollTo(0, 0);
}"""


def opener(open_page: Callable[..., Watched], component: ModuleType) -> Callable[..., Page]:
    """Return a function that opens a page which has an interactive figure and no other.

    Its options are settings of the figure, or those of ``open_page``. Without ``loads``, its script
    never comes. The page writes down its ``errors``.
    """
    looks = f"<style>{(STATIC / 'interactive.css').read_text('utf-8')}</style>"

    def open_(
        folder: str = "en", *, loads: bool = True, scheme: str = "light", **options: object
    ) -> Page:
        settings = {name: options.pop(name) for name in component.SETTINGS.keys() & options.keys()}
        page = open_page(f"{folder}/{PLAIN}", **{"viewport": DESK, **options}).page
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.emulate_media(color_scheme=scheme, reduced_motion="no-preference")
        page.evaluate(PUT_BELOW, looks + markup(component, folder, **settings))
        if loads:
            load(page, component)
        return page

    return open_


def load(page: Page, component: ModuleType) -> None:
    """Let the script of an interactive figure come."""
    for name in ("elements", name_of(component)):
        page.add_script_tag(path=STATIC / f"{name}.js")


class Stage:
    """Pages on which an element stands, between the title and a sentence."""

    def __init__(self, browser: Browser, server: str) -> None:
        self.browser = browser
        self.server = server
        self.pages: dict[str, Page] = {}
        self.routes: dict[str, Callable[[Route], None]] = {}
        """What else the pages find, and who answers."""

    def open(
        self,
        markup: str,
        folder: str = "en",
        *,
        loads: bool = True,
        viewport: dict[str, int] = DESK,
        media: dict[str, str] | None = None,
        **options: Any,
    ) -> Page:
        """Return a page with the element and nothing of the one before.

        Without ``loads``, the scripts never arrive, as while the page is still loading. ``media``
        is what Playwright emulates; ``options`` are those of a browser context.
        """
        key = repr((folder, loads, sorted(options.items())))
        if key not in self.pages:
            self.pages[key] = self._load(folder, loads, options)
        page = self.pages[key]
        if page.viewport_size != viewport:
            resize(page, viewport)
        asked = {"media": "screen", "color_scheme": "light", "reduced_motion": "no-preference"}
        asked |= media or {}
        page.emulate_media(**asked)
        if loads and options.get("java_script_enabled", True):
            theme = "(theme) => document.documentElement.dataset.theme === theme"
            page.wait_for_function(theme, arg=asked["color_scheme"])
        page.mouse.move(0, 0)
        page.errors.clear()
        page.requested.clear()
        page.timers = page.evaluate(PUT, markup)
        return page

    def _load(self, folder: str, loads: bool, options: dict[str, Any]) -> Page:
        context = self.browser.new_context(locale=LANGUAGES[folder], **options)
        context.set_default_timeout(10_000)
        context.set_default_navigation_timeout(30_000)  # a busy machine opens a page late
        page = context.new_page()
        page.errors = []
        page.requested = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("request", lambda request: page.requested.append(request.url))

        def clear(route: Route) -> None:
            body, found = ELEMENT.subn("", route.fetch().text())
            assert found, f"{PAGE} has none of the elements"
            body = body.replace("</h1>", '</h1><div id="stage"></div><p id="below">.</p>', 1)
            route.fulfill(body=body, content_type="text/html")

        page.route(f"{self.server}{folder}/{PAGE}", clear)
        for pattern, serve in self.routes.items():
            page.route(pattern, serve)
        if not loads:
            page.route("**/_static/*.js", lambda route: route.abort())
        page.goto(f"{self.server}{folder}/{PAGE}")
        return page

    def close(self) -> None:
        for page in self.pages.values():
            page.context.close()


def resize(page: Page, viewport: dict[str, int]) -> None:
    """Give an open page another size, and wait until it has it."""
    page.set_viewport_size(viewport)
    page.wait_for_function(
        "(width) => matchMedia(`(width: ${width}px)`).matches", arg=viewport["width"]
    )


def violations(page: Page, axe: str, selector: str) -> list[str]:
    """Return all that axe-core, whose text is given, has against an element."""
    page.evaluate(axe)
    found = page.evaluate("selector => axe.run(selector)", selector)["violations"]
    return [f"{v['id']}: {node['html']}" for v in found for node in v["nodes"]]


def below(page: Page) -> float:
    """Return where the text below the element begins."""
    return page.evaluate("document.querySelector('#below').getBoundingClientRect().top + scrollY")


def heights(page: Page, selector: str) -> list[float]:
    """Return how high an element is on a phone and on a desk; the page may not scroll sideways."""
    found = []
    for viewport in (PHONE, DESK):
        resize(page, viewport)
        assert not scrolls_sideways(page)
        found.append(page.locator(selector).bounding_box()["height"])
    return found


def asked_by_scripts(page: Page) -> list[str]:
    """Return a list to which the addresses are added that scripts ask for from now on.

    Fonts and pictures are not among them: on a busy machine they come when the page has long loaded.
    """
    asked: list[str] = []
    page.on(
        "request",
        lambda request: request.resource_type in PAGES_OWN or asked.append(request.url),
    )
    return asked


def scrolls_sideways(page: Page) -> bool:
    """Return whether the page is wider than the window."""
    root = "document.documentElement"
    return page.evaluate(f"{root}.scrollWidth > {root}.clientWidth")
