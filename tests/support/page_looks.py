"""Look at every page in every way that a reader may, several pages at a time.

One load of a page answers all questions about it. The loads run in the background, in the order
in which the tests ask for them.
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

import chromium
from page_watch import Watched
from playwright.async_api import Browser, Page, async_playwright

CHECKS = Path(__file__).with_name("page_checks.js")
SIZES = {"phone": (360, 740), "desk": (1280, 800)}
SCHEMES = ("light", "dark")
SHIFT_LIMIT = 0.02
T = TypeVar("T")

Findings = dict[str, list[str]]
"""From what was asked to what was found wrong."""


@dataclass(frozen=True)
class View:
    """A page, in a window of some size, in a colour scheme."""

    page: str
    size: str
    scheme: str

    @property
    def options(self) -> dict[str, object]:
        """The settings of the browser for it."""
        width, height = SIZES[self.size]
        return {
            "viewport": {"width": width, "height": height},
            "color_scheme": self.scheme,
            "locale": "zh-CN" if self.page.startswith("zh/") else "en-GB",
        }

    def __str__(self) -> str:
        return f"{self.page}-{self.size}-{self.scheme}"


def all_views(pages: Sequence[str]) -> list[View]:
    """Return every page in every size and scheme."""
    return [View(page, size, scheme) for page in pages for size in SIZES for scheme in SCHEMES]


async def inspect(page: Page, axe: str, *, shift_limit: float = SHIFT_LIMIT) -> Findings:
    """Read an open page to its end, open its answers, and say what is wrong with it."""
    found: Findings = defaultdict(list)
    await page.evaluate(CHECKS.read_text(encoding="utf-8"))
    await page.evaluate("pageChecks.read()")
    found["layout shift"] = await page.evaluate("(limit) => pageChecks.shifts(limit)", shift_limit)
    await page.evaluate("pageChecks.openAnswers()")
    found["sideways"] = await page.evaluate("pageChecks.sideways()")
    found["images"] = await page.evaluate("pageChecks.images()")
    await page.evaluate(axe)
    found["accessibility"] = await page.evaluate("pageChecks.accessibility()")
    found["other hosts"] = await page.evaluate("pageChecks.links()")
    return found


async def look(browser: Browser, server: str, view: View, axe: str) -> Findings:
    """Open a page with an empty cache and inspect it."""
    context = await browser.new_context(**view.options)
    try:
        watched = Watched(await context.new_page(), server)
        await watched.page.goto(server + view.page)
        found = await inspect(watched.page, axe)
        found["other hosts"] += watched.foreign
        found["errors"] += watched.errors
        return found
    finally:
        await context.close()


@contextmanager
def looking(views: Sequence[View], server: str, axe: str) -> Iterator[dict[View, Future[Findings]]]:
    """Look at pages in the background; yield what will be found in each view.

    Parameters
    ----------
    views : sequence of View
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

    async def in_turn(browser: Browser, view: View) -> Findings:
        async with places:
            return await look(browser, server, view, axe)

    playwright = background(async_playwright().start()).result()
    launch = {"executable_path": chromium.program(), "args": chromium.options()}
    browser = background(playwright.chromium.launch(**launch)).result()
    answers = {view: background(in_turn(browser, view)) for view in views}
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
