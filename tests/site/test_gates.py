"""Every page, in both languages, light and dark, on a phone and on a desk, is a good page.

The pages are visited in the background (``page_looks``), each once; with ``--all`` each is opened
anew in every view.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from built_site import BuiltSite, html_root
from page_looks import LATE_S, Findings, Visit, looking, report, visits
from web_server import serving


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask all of every visit at once; the first page of the site only sends the reader on."""
    if "visit" in metafunc.fixturenames:
        pages = [page for page in BuiltSite(html_root()).pages if page != "index.html"]
        matrix = metafunc.config.getoption("--all")
        metafunc.parametrize("visit", visits(pages or ["no site"], matrix=matrix), ids=str)


@pytest.fixture(scope="module")
def answers(
    request: pytest.FixtureRequest, built: BuiltSite, axe: str
) -> Iterator[dict[Visit, Future[Findings]]]:
    """What is found in each visit that the selected tests want, as soon as it is known."""
    wanted = [
        item.callspec.params["visit"]
        for item in request.session.items
        if hasattr(item, "callspec") and "visit" in item.callspec.params
    ]
    with serving(built.root, late_s=LATE_S) as address, looking(wanted, address, axe) as found:
        yield found


def test_page(answers: dict[Visit, Future[Findings]], visit: Visit) -> None:
    if wrong := report(visit, answers[visit].result(timeout=120)):
        pytest.fail(wrong, pytrace=False)
