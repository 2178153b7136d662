"""Put an element on a page of the built site, with the looks of the site and its real script.

The page is that of lesson 09, which has the elements, and so their styles and scripts; those of
its own are taken out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from built_site import LANGUAGES, ROOT
from playwright.sync_api import Browser, Page, Route

import catalogues

CODES = {"en": "en", "zh": "zh_CN"}
PAGE = "lessons/2_training/lesson_09_convolution_1.html"
ELEMENT = re.compile(r"<(conv-stepper|frame-player)\b.*?</\1>", re.DOTALL)


def words(labels: Callable[[Callable[[str], str]], dict[str, str]], folder: str) -> dict[str, str]:
    """Return the words of an element in the language of a folder."""
    strings = catalogues.load(ROOT / "docs" / "locale", CODES[folder], "site")
    return labels(lambda text: text if folder == "en" else strings[text])


def written(visit: Callable[..., None], *arguments: Any) -> str:
    """Return what a function of an extension writes into a page."""
    translator = SimpleNamespace(body=[])
    visit(translator, *arguments)
    return "".join(translator.body)


class Stage:
    """Opens pages on which an element stands, between a sentence and another."""

    def __init__(self, browser: Browser, server: str) -> None:
        self.browser = browser
        self.server = server
        self.contexts: list[Any] = []
        self.files: dict[str, Path] = {}
        """More files of the page, by the end of their address."""

    def open(self, markup: str, folder: str = "en", *, loads: bool = True, **options: Any) -> Page:
        """Open the page; keyword arguments are those of a browser context.

        Without ``loads``, the script never arrives, as while the page is still loading.
        """
        context = self.browser.new_context(locale=LANGUAGES[folder], **options)
        context.set_default_timeout(10_000)
        self.contexts.append(context)
        page = context.new_page()
        page.errors = []
        page.requested = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("request", lambda request: page.requested.append(request.url))

        def add(route: Route) -> None:
            body, found = ELEMENT.subn("", route.fetch().text())
            assert found, f"{PAGE} has none of the elements"
            start = body.index("</h1>") + len("</h1>")
            body = f'{body[:start]}\n{markup}\n<p id="below">.</p>\n{body[start:]}'
            route.fulfill(body=body, content_type="text/html")

        page.route(f"{self.server}{folder}/{PAGE}", add)
        for name, file in self.files.items():
            page.route(f"**/{name}", partial(_answer, file))
        if not loads:
            page.route("**/_static/*.js", lambda route: route.abort())
        page.goto(f"{self.server}{folder}/{PAGE}", wait_until="load")
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def _answer(file: Path, route: Route) -> None:
    route.fulfill(path=file)


def violations(page: Page, axe: str, selector: str) -> list[str]:
    """Return all that axe-core, whose text is given, has against an element."""
    page.evaluate(axe)
    found = page.evaluate("selector => axe.run(selector)", selector)["violations"]
    return [f"{v['id']}: {node['html']}" for v in found for node in v["nodes"]]


def below(page: Page) -> float:
    """Return where the text below the element begins."""
    return page.evaluate("document.querySelector('#below').getBoundingClientRect().top + scrollY")


def scrolls_sideways(page: Page) -> bool:
    """Return whether the page is wider than the window."""
    root = "document.documentElement"
    return page.evaluate(f"{root}.scrollWidth > {root}.clientWidth")
