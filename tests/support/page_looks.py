"""Visit every page as readers may see it, several pages at a time.

A visit opens a page once, on a phone in light, and reads it to its end. Then it turns the scheme
and the width of the open page, and asks again. The visits run in the background, in the order in
which the tests ask for them.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import defaultdict
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

from lxml import html
from playwright.async_api import Browser, Page, async_playwright

from _tools import chromium
from english_left import english_on_page
from page_watch import Watched

CHECKS = Path(__file__).with_name("page_checks.js")
SIZES = {"phone": (360, 740), "desk": (1280, 800)}
SCHEMES = ("light", "dark")
LATE_S = 0.1
"""How much later images and fonts come: what moves then is seen."""
SHIFT_LIMIT = 0.02
T = TypeVar("T")

ADVICE = {
    "errors": "the page must open without an error: mend the script, or add the missing file",
    "other hosts": "readers' browsers may ask nobody but this site: keep a copy in docs/_static",
    "layout shift": "nothing may move while the page loads: reserve room, give images a size",
    "images": "every picture must arrive: mend its address or the file",
    "sideways": "nothing may stick out: let it wrap, or scroll in a box of its own",
    "scheme": "the page must follow the system from light to dark and back while it is open",
    "accessibility": "axe-core explains each finding under its address",
    "language": "English is left on a Chinese page: translate it",
}
"""What is asked of a page, and what to do about it."""


@dataclass(frozen=True)
class View:
    """A window of some size, in a colour scheme."""

    size: str
    scheme: str

    @property
    def window(self) -> dict[str, int]:
        """Width and height, as Playwright wants them."""
        return dict(zip(("width", "height"), SIZES[self.size], strict=True))

    def __str__(self) -> str:
        return f"{self.scheme}, {SIZES[self.size][0]} px wide"


VIEWS = tuple(
    View(*view.split()) for view in ("phone light", "phone dark", "desk dark", "desk light")
)
"""Each differs from the one before it in one thing."""

Findings = dict[str, dict[str, list[View]]]
"""From what was asked to what was found wrong, and where."""


@dataclass(frozen=True)
class Visit:
    """One load of a page: how it is looked at, and in which views axe asks everything."""

    page: str
    views: tuple[View, ...]
    full: tuple[View, ...]

    @property
    def options(self) -> dict[str, Any]:
        """The settings of the browser in which the page is opened."""
        first = self.views[0]
        locale = "zh-CN" if self.page.startswith("zh/") else "en-GB"
        return {"viewport": first.window, "color_scheme": first.scheme, "locale": locale}

    def __str__(self) -> str:
        first = self.views[0]
        return f"{self.page}-{first.size}-{first.scheme}" if len(self.views) == 1 else self.page


def short(page: str) -> Visit:
    """Return the visit that sees a page in every view.

    Everything is asked of axe once in a language: on the phone in one, on the desk in the other.
    """
    folder, _, name = page.partition("/")
    on_desk = (crc32(name.encode()) + (folder == "zh")) % 2
    return Visit(page, VIEWS, (View("desk" if on_desk else "phone", "light"),))


def visits(pages: Sequence[str], *, matrix: bool = False) -> list[Visit]:
    """Return one visit to each page; for the whole matrix, one in each view, with all of axe."""
    if matrix:
        return [Visit(page, (view,), (view,)) for page in pages for view in VIEWS]
    return [short(page) for page in pages]


async def look(watched: Watched, visit: Visit, axe: str) -> Findings:
    """Read an open page to its end, then note what is wrong with it in each view."""
    page: Page = watched.page
    found: Findings = defaultdict(lambda: defaultdict(list))
    await page.evaluate(CHECKS.read_text(encoding="utf-8"))
    await page.evaluate(axe)
    for view in visit.views:
        answers: dict[str, list[str]] = {}
        if view == visit.views[0]:
            await page.evaluate("pageChecks.read()")
            answers["layout shift"] = await page.evaluate("pageChecks.shifts", SHIFT_LIMIT)
            await page.evaluate("pageChecks.openAnswers()")
        else:
            await page.set_viewport_size(view.window)
            await page.emulate_media(color_scheme=view.scheme)
            await page.evaluate("pageChecks.settle()")
        while watched.loading:
            await page.evaluate("pageChecks.settle()")
        answers["scheme"] = await page.evaluate("pageChecks.scheme", view.scheme)
        answers["sideways"] = await page.evaluate("pageChecks.sideways()")
        answers["images"] = await page.evaluate("pageChecks.images()")
        if view in visit.full:
            answers["accessibility"] = await page.evaluate("pageChecks.accessibility()")
        elif view.scheme == "dark":
            answers["accessibility"] = await page.evaluate("pageChecks.colours()")
        answers["other hosts"] = await page.evaluate("pageChecks.links()")
        answers["other hosts"] += watched.foreign
        answers["errors"] = [*watched.errors]
        watched.foreign.clear()
        watched.errors.clear()
        for question, lines in answers.items():
            for line in dict.fromkeys(lines):
                found[question][line].append(view)
    if visit.page.startswith("zh/"):
        # As the browser shows it, with what scripts put there.
        for english in english_on_page(html.document_fromstring(await page.content())):
            found["language"][english] = []
    return found


def report(visit: Visit, found: Findings) -> str:
    """Return what is wrong with a page, where, and what to do about it; nothing if all is well."""
    lines = []
    for question, places in found.items():
        lines += [f"{visit.page}: {question}: {ADVICE[question]}"] if places else []
        for line, views in places.items():
            where = "; ".join(map(str, views)) if len(views) < len(visit.views) else "everywhere"
            lines.append(f"  {line} ({where})" if views else f"  {line}")
    return "\n".join(lines)


@contextmanager
def looking(
    wanted: Sequence[Visit], server: str, axe: str
) -> Iterator[dict[Visit, Future[Findings]]]:
    """Visit pages in the background; yield what will be found in each visit.

    Parameters
    ----------
    wanted : sequence of Visit
        In the order in which they are wanted.
    server : str
        The address of the site.
    axe : str
        The text of axe-core.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def background(work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, loop)

    # Loading is mostly waiting, checking is mostly work.
    places = asyncio.Semaphore((os.cpu_count() or 1) + 1)

    async def in_turn(browser: Browser, visit: Visit) -> Findings:
        async with places:
            context = await browser.new_context(**visit.options)  # with an empty cache
            try:
                watched = Watched(await context.new_page(), server)
                await watched.page.goto(server + visit.page)
                return await look(watched, visit, axe)
            finally:
                await context.close()

    playwright = background(async_playwright().start()).result()
    launch = {"executable_path": chromium.program(), "args": chromium.options()}
    browser = background(playwright.chromium.launch(**launch)).result()
    answers = {visit: background(in_turn(browser, visit)) for visit in wanted}
    try:
        yield answers
    finally:
        for answer in answers.values():
            answer.cancel()
        background(browser.close()).result()
        background(playwright.stop()).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
