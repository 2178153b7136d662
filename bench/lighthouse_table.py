"""Put the reports of Lighthouse into a table."""

from __future__ import annotations

import statistics

import lighthouse


def median(reports: list[lighthouse.Report]) -> lighthouse.Report:
    """Return the middle of several reports of one page, number by number."""
    first = reports[0]
    scores = {
        name: round(statistics.median(report.scores[name] for report in reports))
        for name in first.scores
    }
    return lighthouse.Report(
        scores,
        first.faults,
        round(statistics.median(report.transferred_bytes for report in reports)),
        round(statistics.median(report.requests for report in reports)),
        max(report.foreign_requests for report in reports),
    )


def table(rows: dict[str, lighthouse.Report]) -> list[str]:
    """Return the lines of a table of pages."""
    width = max(len(name) for name in rows) + 2
    titles = ("KiB", "requests", "other hosts", *lighthouse.CATEGORIES.values())
    lines = [f"{'':<{width}}" + "".join(f"{title:>{len(title) + 2}}" for title in titles)]
    for name, report in rows.items():
        values = (
            f"{report.transferred_bytes / 1024:.0f}",
            report.requests,
            report.foreign_requests,
            *(report.scores[category] for category in lighthouse.CATEGORIES),
        )
        cells = (f"{value:>{len(title) + 2}}" for title, value in zip(titles, values, strict=True))
        lines.append(f"{name:<{width}}" + "".join(cells))
    return lines
