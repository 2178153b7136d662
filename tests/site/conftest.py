"""The built site, served on this machine and looked at in Chromium.

The site is ``build/html`` (or ``DLCOURSE_HTML``); the browser is Debian's ``chromium`` (or
``DLCOURSE_CHROMIUM``).
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from built_site import BuiltSite, html_root
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    Response,
    Route,
    sync_playwright,
)

import web_packages

CHROMIUM_OPTIONS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with the argument ``page_name`` once for each page of the site."""
    if "page_name" in metafunc.fixturenames:
        # Without a site there is one case, which fails in the fixture below and says why.
        metafunc.parametrize("page_name", BuiltSite(html_root()).pages or ["no site"])


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
    web_packages.ensure(folder)
    return folder / "node_modules"


class SiteHandler(SimpleHTTPRequestHandler):
    """Serve files as a plain web server does: missing ones get the 404 page of their language."""

    prefix = "/"
    protocol_version = "HTTP/1.1"

    def translate_path(self, path: str) -> str:
        return super().translate_path("/" + path.removeprefix(self.prefix))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        folder = urlsplit(self.path).path.removeprefix(self.prefix).split("/")[0]
        file = Path(self.directory) / folder / "404.html"
        if not file.is_file():
            file = Path(self.directory) / "404.html"
        body = file.read_bytes()
        self.send_response(code, message)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests report what matters."""


@pytest.fixture(scope="session")
def server(built: BuiltSite) -> Iterator[str]:
    """The address of the served site, with a slash at its end."""
    path = urlsplit(built.url).path

    class Handler(SiteHandler):
        prefix = path

        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, directory=str(built.root), **kwargs)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}{path}"
        httpd.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    program = os.environ.get("DLCOURSE_CHROMIUM") or shutil.which("chromium")
    if program is None or not Path(program).is_file():
        pytest.fail(
            f"These tests need Chromium ({program or 'chromium'} was not found): run"
            " `apt-get install chromium`, or name the program in DLCOURSE_CHROMIUM",
            pytrace=False,
        )
    options = list(CHROMIUM_OPTIONS)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium refuses to run as root with its sandbox
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=options)
        yield chromium
        chromium.close()


class Watched:
    """A page in the browser, and all that went wrong in it."""

    def __init__(self, page: Page, server: str) -> None:
        self.page = page
        self.problems: list[str] = []
        host = re.escape("{0.scheme}://{0.netloc}/".format(urlsplit(server)))
        # Whatever is not of this site is noted and goes nowhere.
        page.route(re.compile(rf"^(?!{host}|data:|blob:)"), self._foreign)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught error: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    def _foreign(self, route: Route) -> None:
        self.problems.append(f"request to another host: {route.request.url}")
        route.abort()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text} ({message.location['url']})")

    def _failed(self, request: Request) -> None:
        self.problems.append(f"failed request: {request.url}: {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"status {response.status}: {response.url}")


@pytest.fixture
def open_page(browser: Browser, server: str) -> Iterator[Callable[..., Watched]]:
    """A function that opens a page of the site in a fresh browser profile.

    Keyword arguments are those of a browser context: ``locale``, ``viewport``,
    ``java_script_enabled``.
    """
    contexts = []

    def open_(name: str, **options: object) -> Watched:
        context = browser.new_context(**options)
        context.set_default_timeout(10_000)  # half a minute of waiting for a missing link is long
        contexts.append(context)
        watched = Watched(context.new_page(), server)
        watched.page.goto(
            server + name,
            wait_until="networkidle" if options.get("java_script_enabled", True) else "load",
        )
        return watched

    yield open_
    for context in contexts:
        context.close()
