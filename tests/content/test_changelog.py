"""The page "What is new": newest first, its titles begin with the day, and releases have entries."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/changelog.md").read_text("utf-8")
ENTRY = re.compile(r"^\(news-(\d{4}-\d\d-\d\d)-[a-z0-9-]+\)=\n## (.+)$", re.MULTILINE)
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
"""Of https://keepachangelog.com."""


def test_entries_stand_newest_first_under_their_day() -> None:
    entries = ENTRY.findall(PAGE)
    assert len(entries) == PAGE.count("\n## ")
    days = [day for day, _ in entries]
    assert days == sorted(days, reverse=True)
    chinese = {
        entry.msgid: entry.msgstr
        for entry in polib.pofile(str(ROOT / "docs/locale/zh_CN/LC_MESSAGES/changelog.po"))
    }
    for day, title in entries:
        assert title.startswith(f"{day}: ") and chinese[title].startswith(f"{day}：")


def test_entries_say_what_kind_of_change_they_list() -> None:
    for text in re.split(r"^## .+$", PAGE, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^(\w+)\n: ", text, re.MULTILINE)
        assert kinds and set(kinds) <= KINDS


def test_the_version_is_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"ersion {project['version']}" in PAGE
