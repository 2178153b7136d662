"""Every page, in both languages, light and dark, on a phone and on a desk, is a good page.

The views of all pages are loaded in the background (``page_looks``); each question about a view
is a test of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from built_site import BuiltSite, html_root
from page_looks import SIZES, Findings, View, all_views, looking
from web_server import serving

ADVICE = {
    "errors": "the page must open without an error: mend the script, or add the missing file",
    "other hosts": "readers' browsers may ask nobody but this site: keep a copy in docs/_static",
    "layout shift": "nothing may move while the page loads: reserve room, give images a size",
    "images": "every picture must arrive: mend its address or the file",
    "sideways": "nothing may stick out: let it wrap, or scroll in a box of its own",
    "accessibility": "axe-core explains each finding under its address",
}
LATE_S = 0.1


def pages() -> list[str]:
    """Return the pages; the first one of the site only sends the reader on."""
    return [page for page in BuiltSite(html_root()).pages if page != "index.html"] or ["no site"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask every question about every view; all questions about a view come together."""
    if "view" in metafunc.fixturenames:
        metafunc.parametrize(
            ("view", "question"),
            [(view, question) for view in all_views(pages()) for question in ADVICE],
            ids=str,
        )


@pytest.fixture(scope="module")
def answers(
    request: pytest.FixtureRequest, built: BuiltSite, axe: str
) -> Iterator[dict[View, Future[Findings]]]:
    """What is found in each view that the selected tests want, as soon as it is known."""
    wanted = [
        item.callspec.params.get("view")
        for item in request.session.items
        if hasattr(item, "callspec")
    ]
    views = list(dict.fromkeys(view for view in wanted if isinstance(view, View)))
    with serving(built.root, late_s=LATE_S) as address, looking(views, address, axe) as found:
        yield found


def test_page(answers: dict[View, Future[Findings]], view: View, question: str) -> None:
    found = answers[view].result(timeout=120)[question]
    if found:
        where = f"{view.page}, {view.scheme}, {SIZES[view.size][0]} px wide"
        lines = "\n  ".join(dict.fromkeys(found))
        pytest.fail(f"{where}: {question}\n  {lines}\n{ADVICE[question]}", pytrace=False)
