"""Lighthouse has nothing to say against the pages that readers see first.

Performance depends on the machine: ``nox -s bench -- pages`` measures it.
"""

from __future__ import annotations

import pytest

import lighthouse
from built_site import BuiltSite, html_root

PAGES = lighthouse.pages(BuiltSite(html_root()))
#: The home page and a Chinese lesson: what it finds beside axe stands in the templates of all pages.
FEW = PAGES[:: max(1, len(PAGES) - 1)]


@pytest.mark.parametrize("name", FEW)
def test_nothing_costs_points(name, server, web_tools):
    report = lighthouse.run(server + name, web_tools, lighthouse.CERTAIN)
    problems = [
        f"{lighthouse.CATEGORIES[category]} {report.scores[category]}: {'; '.join(faults)}"
        for category, faults in report.faults.items()
        if report.scores[category] < 100
    ]
    assert not problems, f"{name} on a phone:\n" + "\n".join(problems)


def test_faults_are_read():
    audits = {
        "image-alt": {
            "id": "image-alt",
            "title": "Images have no alt",
            "score": 0,
            "scoreDisplayMode": "binary",
            "details": {"items": [{"node": {"selector": "main > img"}}]},
        },
        "network-requests": {
            "details": {
                "items": [
                    {"url": "http://127.0.0.1:8000/a.css", "transferSize": 100},
                    {"url": "https://example.org/b.js", "transferSize": 20},
                    {"url": "data:,"},
                ]
            }
        },
    }
    category = {"score": 0.87, "auditRefs": [{"id": "image-alt", "weight": 10}]}
    result = {"audits": audits, "categories": {"accessibility": category}}
    report = lighthouse.read(result, "127.0.0.1:8000")
    assert report.scores == {"accessibility": 87}
    assert report.faults == {"accessibility": ["image-alt: Images have no alt (main > img)"]}
    assert (report.transferred_bytes, report.requests, report.foreign_requests) == (120, 2, 1)
