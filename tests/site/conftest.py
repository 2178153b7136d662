"""The built site, served on this machine and looked at in Chromium.

The site is ``build/html`` (or ``DLCOURSE_HTML``); the browser is Debian's ``chromium`` (or
``DLCOURSE_CHROMIUM``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect, sync_playwright

from _ext.common import node
from _tools import chromium
from built_site import BuiltSite, html_root
from page_watch import Watched
from staged import DESK
from web_server import serving

#: What a page shows after a click comes late on a busy machine; only a failure waits so long.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def built() -> BuiltSite:
    """The files of the site."""
    site = BuiltSite(html_root())
    if problem := site.problem():
        pytest.fail(problem, pytrace=False)
    return site


@pytest.fixture(scope="session")
def web_tools() -> Path:
    """The folder with the checks' packages from npm, which the build of the site does not need."""
    folder = Path(__file__).parent / "web"
    node.ensure(folder)
    return folder / "node_modules"


@pytest.fixture(scope="session")
def axe(web_tools: Path) -> str:
    """The text of axe-core."""
    return (web_tools / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def server(built: BuiltSite) -> Iterator[str]:
    """The address of the served site, with a slash at its end."""
    with serving(built.root, urlsplit(built.url).path) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    try:
        program = chromium.program()
    except chromium.NoChromium as error:
        pytest.fail(str(error), pytrace=False)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=chromium.options())
        yield started
        started.close()


@pytest.fixture(scope="session")
def profiles(browser: Browser) -> dict[str, BrowserContext]:
    """The browser profiles in use, by their settings; ``open_page`` empties them after each test."""
    return {}


Routes = dict[str, Callable[[Route], object]]


@pytest.fixture
def open_page(
    browser: Browser,
    server: str,
    profiles: dict[str, BrowserContext],
) -> Iterator[Callable[..., Watched]]:
    """A function that opens a page of the site, in a browser that remembers nothing of the reader.

    It waits until the scripts of the page have run. Browser profiles are kept from test to test, and
    Chromium may have a script in memory, and not ask for it: where requests matter, ``fresh=True``
    opens a profile of its own. So does ``routes``: functions that answer requests, by the pattern of
    their address. The other keyword arguments are those of a browser context: ``locale``,
    ``viewport``, ``java_script_enabled``.
    """
    used: list[BrowserContext] = []
    own: list[BrowserContext] = []

    def profile(options: dict[str, object], *, fresh: bool) -> BrowserContext:
        settings = repr(sorted(options.items()))
        if not fresh and settings in profiles:
            return profiles[settings]
        context = browser.new_context(**options)
        context.set_default_timeout(10_000)  # half a minute of waiting for a missing link is long
        context.set_default_navigation_timeout(30_000)  # a busy machine opens a page late
        if not fresh:
            profiles[settings] = context
        return context

    def open_(
        name: str, *, fresh: bool = False, routes: Routes | None = None, **options: object
    ) -> Watched:
        fresh = fresh or bool(routes)
        context = profile(options, fresh=fresh)
        (own if fresh else used).append(context)
        watched = Watched(context.new_page(), server)
        for pattern, answer in (routes or {}).items():
            watched.page.route(pattern, answer)
        watched.page.goto(server + name)
        return watched

    yield open_
    for context in used:
        forget(context, server)
    for context in own:
        context.close()


@pytest.fixture
def lesson(
    open_page: Callable[..., Watched], request: pytest.FixtureRequest
) -> Callable[..., Watched]:
    """A function that opens ``PAGE`` of the test's module in a language; its options are those of ``open_page``."""

    def open_(folder: str = "en", **options: object) -> Watched:
        return open_page(f"{folder}/{request.module.PAGE}", **{"viewport": DESK, **options})

    return open_


@pytest.fixture
def left(built: BuiltSite, request: pytest.FixtureRequest) -> Path:
    """The folder of what the lesson of the test's module left for its page."""
    return built.root / "en" / "_live" / Path(request.module.PAGE).stem


def forget(context: BrowserContext, server: str) -> None:
    """Close the pages of a browser profile and remove what they have stored."""
    if not context.pages:
        return
    session = context.new_cdp_session(context.pages[0])
    origin = server.removesuffix(urlsplit(server).path)
    session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    context.clear_cookies()
    context.clear_permissions()
    for page in context.pages:
        page.close()
