"""Note what goes wrong while a page is open in the browser."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit


class Watched:
    """A page in the browser, and all that goes wrong in it.

    Parameters
    ----------
    page : Page
        Of Playwright, synchronous or not.
    server : str
        The address of the site.
    """

    def __init__(self, page: Any, server: str) -> None:
        self.page = page
        self.host = urlsplit(server).netloc
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.loading: set[Any] = set()
        """The requests that have not ended yet."""
        self._visits = 0  # pages that were asked for
        self._shown = 0  # the one of them that is there
        self._visit_of: dict[Any, int] = {}
        page.on("request", self._request)
        page.on("framenavigated", self._navigated)
        page.on("websocket", lambda socket: self._address(socket.url))
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught error: {error}"))
        page.on("requestfinished", lambda request: self.loading.discard(request))
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    @property
    def problems(self) -> list[str]:
        """All that went wrong until now."""
        return self.foreign + self.errors

    def _request(self, request: Any) -> None:
        is_page = request.is_navigation_request() and request.frame.parent_frame is None
        self._visits += is_page
        # Until the next page arrives, the one that is shown goes on asking: for its icon, say.
        self._visit_of[request] = self._visits if is_page else self._shown
        self.loading.add(request)
        self._address(request.url)

    def _navigated(self, frame: Any) -> None:
        if frame.parent_frame is None:
            self._shown = self._visits

    def _address(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in {"data", "blob"} and parts.netloc != self.host:
            self.foreign.append(f"request to another host: {address}")

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(f"console: {message.text} ({message.location['url']})")

    def _failed(self, request: Any) -> None:
        self.loading.discard(request)
        # A browser drops what is still loading when its page is left; that is no fault of the page.
        left = self._visit_of[request] < self._visits
        if left and request.failure == "net::ERR_ABORTED":
            return
        self.errors.append(f"failed request: {request.url}: {request.failure}")

    def _response(self, response: Any) -> None:
        if response.status >= 400:
            self.errors.append(f"status {response.status}: {response.url}")
