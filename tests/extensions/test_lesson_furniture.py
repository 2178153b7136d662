"""Head and foot of a lesson, the ledger and the links to the repository, on a tiny site."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from docutils import nodes
from lxml import html
from sphinx.errors import ConfigError
from tiny_site import Built, build, catalogue, write

import lesson_facts
import source_history
from lesson_facts import Wording

ROOT = Path(__file__).resolve().parents[2]
DONE, NEXT = "lessons/1_basics/lesson_01_adding", "lessons/2_more/lesson_02_moving"
RECORD = {
    "key": "k",
    "elapsed_s": 71.4,
    "cells_executed": 2,
    "executed_at": "2026-03-01T23:59:59Z",
    "peak_memory_mib": 640,
    "memory_at_start_mib": 90,
    "device": "cpu",
    "device_name": "A <fast> processor",
    "thread_count": 1,
    "python": "3.11.9",
    "packages": {"numpy": "2.4.6", "torch": "2.14.1+cu130"},
}
SCRIPT = '''"""
{title}
=======

Prose.
"""

# sphinx_gallery_budget_s = {budget}
# sphinx_gallery_assets = {assets}
one = 1

# %%
# More prose.

two = 2
'''
PAGE = "{title}\n========================\n\nProse.\n\n.. code-block:: Python\n\n    one = 1\n"
FILES = {
    "index.rst": "Home\n====\n\n.. toctree::\n\n   lessons/1_basics/index\n   lessons/2_more/index\n"
    "   datasets\n   ledger\n   solutions/lesson_01\n",
    "lessons/1_basics/index.rst": "Basics\n======\n\n.. toctree::\n\n   lesson_01_adding\n",
    "lessons/2_more/index.rst": "More\n====\n\n.. toctree::\n\n   lesson_02_moving\n",
    "datasets.rst": "Data sets\n=========\n\n.. _mnist:\n\nHandwritten digits\n------------------\n\nMany.\n",
    "ledger.rst": "Ledger\n======\n\n.. lesson-ledger::\n",
    "solutions/lesson_01.rst": "Solutions 01\n============\n\nTwo.\n",
    f"{DONE}.rst": PAGE.format(title="01 · Adding"),
    f"{DONE}.py": SCRIPT.format(title="01 · Adding", budget=60, assets='["mnist"]'),
    f"{DONE}.record.json": json.dumps(RECORD),
    f"{NEXT}.rst": PAGE.format(title="02 · Moving"),
    f"{NEXT}.py": SCRIPT.format(title="02 · Moving", budget=5, assets="[]"),
    f"locale/zh_CN/LC_MESSAGES/{DONE}.po": catalogue(
        {"01 · Adding": "01 · 加法", "Prose.": "文字。"}
    ),
    f"locale/zh_CN/LC_MESSAGES/{NEXT}.po": catalogue({"02 · Moving": "02 · 移动", "Prose.": ""})
    + '\n#, fuzzy\nmsgid "More prose."\nmsgstr "旧的文字。"\n',
}
EXTENSIONS = ["site_strings", "ledger", "lesson_header", "lesson_progress", "repository_links"]


def tiny(source: Path, out: Path, language: str = "en", **config: object) -> Built:
    """Build the tiny site, with the foot of a page in a sidebar: the theme has no other place."""
    templates = ["lesson-foot.html", "repository-links.html"]
    return build(
        source,
        out,
        language,
        extensions=EXTENSIONS,
        html_sidebars={"**": templates},
        templates_path=[str(ROOT / "docs/_templates")],
        release="1.2",
        exclude_patterns=["locale"],
        **config,
    )


def sources(folder: Path) -> Path:
    source = write(folder / "docs", FILES)
    site = source / "locale/zh_CN/LC_MESSAGES/site.po"
    shutil.copy(ROOT / "docs/locale/zh_CN/LC_MESSAGES/site.po", site)
    return source


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return sources(tmp_path_factory.mktemp("furniture"))


@pytest.fixture(scope="module")
def sites(source) -> dict[str, Path]:
    sites = {}
    for language in ("en", "zh_CN"):
        built = tiny(source, source.with_name(language), language)
        assert built.warnings == ""
        sites[language] = built.out
    return sites


def page(site: Path, name: str) -> html.HtmlElement:
    return html.fromstring((site / f"{name}.html").read_text("utf-8"))


def words(elements: list[html.HtmlElement]) -> list[str]:
    return [" ".join(element.text_content().split()) for element in elements]


@pytest.mark.parametrize(
    ("language", "expected", "summary", "link"),
    [
        (
            "en",
            ["about 1 min", "1 min 11 s", "640 MiB", "Handwritten digits"],
            "Last executed on 1 March 2026 with PyTorch 2.14.1",
            "Handwritten digits",
        ),
        (
            "zh_CN",
            ["约 1 分钟", "1 分 11 秒", "640 MiB", "Handwritten digits"],
            "最近一次运行：2026年3月1日，PyTorch 2.14.1",
            "Handwritten digits",
        ),
    ],
)
def test_head_says_what_the_lesson_needs(sites, language, expected, summary, link):
    (head,) = page(sites[language], DONE).xpath("//h1/following-sibling::*[1]")
    assert head.get("class").split() == ["lesson-header", "no-search", "not-in-download"]
    assert words(head.xpath("dl[@class='lesson-facts']//dd")) == expected
    assert words(head.xpath("details/summary")) == [summary]
    details = " ".join(words(head.xpath("details//dd")))
    assert "A <fast> processor" in details and "torch 2.14.1+cu130" in details
    (data,) = head.xpath("dl//a")
    assert (data.text_content(), data.get("href")) == (link, "../../datasets.html#mnist")
    downloads = head.xpath("ul//a[@download]/@href")
    assert downloads == ["lesson_01_adding.ipynb", "lesson_01_adding.py"]
    assert head.xpath("details//a/@href") == ["../../ledger.html"]


def test_head_of_a_lesson_without_a_run_claims_nothing(sites):
    (head,) = page(sites["en"], NEXT).xpath("//*[contains(@class, 'lesson-header')]")
    assert words(head.xpath("dl//dd")) == ["about 1 min", "not measured", "nothing to fetch"]
    assert not head.xpath("details")


def test_head_changes_with_the_record(tmp_path):
    source = sources(tmp_path)
    site = tiny(source, tmp_path / "en").out
    before = (site / f"{NEXT}.html").stat().st_mtime_ns
    other = {**RECORD, "elapsed_s": 3.14159}
    (source / f"{DONE}.record.json").write_text(json.dumps(other), encoding="utf-8")
    tiny(source, tmp_path / "en")
    assert words(page(site, DONE).xpath("//dl[@class='lesson-facts']//dd"))[1] == "3.1 s"
    assert (
        json.loads((site / "ledger.json").read_text("utf-8"))["lessons"][0]["run_time_s"] == 3.14159
    )
    assert (site / f"{NEXT}.html").stat().st_mtime_ns == before


def test_lessons_follow_one_another(sites):
    # The theme "basic" has the neighbours in its <head> alone.
    links = {e.get("rel"): e.get("href") for e in page(sites["en"], DONE).xpath("//head/link")}
    assert links["next"] == "../2_more/lesson_02_moving.html"
    links = {e.get("rel"): e.get("href") for e in page(sites["en"], NEXT).xpath("//head/link")}
    assert links["prev"] == "../1_basics/lesson_01_adding.html"
    assert "next" not in links


def test_foot_has_solutions_where_they_exist_and_a_hidden_button(sites):
    foot = page(sites["en"], DONE).xpath("//div[@class='lesson-foot']")[0]
    assert foot.xpath("a/@href") == ["../../solutions/lesson_01.html"]
    (button,) = foot.xpath("button")
    assert button.get("hidden") is not None and button.get("data-done-button") == "01"
    assert page(sites["en"], NEXT).xpath("//div[@class='lesson-foot']/a") == []
    assert page(sites["en"], "index").xpath("//div[@class='lesson-foot']") == []
    (script,) = page(sites["zh_CN"], "index").xpath("//script[contains(@src, 'progress.js')]")
    assert (script.get("data-lessons"), script.get("data-done-label")) == ("01 02", "已完成")


def test_ledger_and_its_file_agree(sites):
    for language, site in sites.items():
        ledger = json.loads((site / "ledger.json").read_text("utf-8"))
        rows = page(site, "ledger").xpath("//table/tbody/tr")
        assert [row.get("data-lesson") for row in rows] == [e["number"] for e in ledger["lessons"]]
        assert words([row.find("th") for row in rows]) == [e["title"] for e in ledger["lessons"]]
        assert ledger["lessons"][0]["title"].startswith(
            "01 · " + ("Ad" if language == "en" else "加")
        )


def test_ledger_of_a_partial_build_says_so(sites):
    ledger = json.loads((sites["en"] / "ledger.json").read_text("utf-8"))
    assert ledger["totals"] == {
        "lesson_count": 2,
        "lessons_not_executed": 1,
        "cell_count": 4,
        "cells_not_executed": 2,
        "run_time_s": 71.4,
        "budget_s": 65,
        "peak_memory_mib": 640,
    }
    adding, moving = ledger["lessons"]
    assert (adding["status"], adding["within_budget"]) == ("executed", False)
    assert (moving["status"], moving["run_time_s"], moving["packages"]) == (
        "not executed",
        None,
        None,
    )
    text = page(sites["en"], "ledger").text_content()
    assert (
        "This build is partial: lessons not executed: 1 of 2; cells not executed: 2 of 4." in text
    )
    first, second = page(sites["en"], "ledger").xpath("//tbody/tr")
    assert words(first.findall("td"))[:4] == [
        "executed, over its budget 1 March 2026",
        "1 min 11 s",
        "1 min",
        "640 MiB",
    ]
    assert words(second.findall("td"))[:4] == ["not executed in this build", "–", "5.0 s", "–"]


def test_ledger_counts_what_is_not_translated(sites):
    ledger = json.loads((sites["zh_CN"] / "ledger.json").read_text("utf-8"))
    states = [entry["translation"] for entry in ledger["lessons"]]
    assert [(s["complete"], s["missing_count"], s["message_count"]) for s in states] == [
        (True, 0, 2),
        (False, 2, 3),
    ]
    cells = [row.findall("td")[-1] for row in page(sites["en"], "ledger").xpath("//tbody/tr")]
    assert words(cells) == ["matches the English", "2 of 3 texts are missing"]


def test_ledger_of_a_whole_build_counts_nothing_skipped(tmp_path):
    source = sources(tmp_path)
    (source / f"{NEXT}.record.json").write_text(json.dumps(RECORD), encoding="utf-8")
    site = tiny(source, tmp_path / "en").out
    text = page(site, "ledger").text_content()
    assert "Lessons executed: all 2, with all their 4 cells. Skipped: 0." in text


def test_without_a_repository_there_are_no_links_to_it(sites):
    for file in sites["en"].rglob("*.html"):
        text = file.read_text("utf-8")
        assert "Edit this page" not in text and "Colab" not in text, file


@pytest.mark.parametrize(
    ("language", "edited", "folder"),
    [
        ("en", "gallery/1_basics/lesson_01_adding.py", "en"),
        ("zh_CN", f"docs/locale/zh_CN/LC_MESSAGES/{DONE}.po", "zh"),
    ],
)
def test_links_to_the_repository(source, tmp_path, language, edited, folder):
    repository = "https://github.com/owner/course"
    site = tiny(source, tmp_path / "out", language, course_repository=repository).out
    links = page(site, DONE).xpath("//p[@class='repository-links']/a/@href")
    assert links[0] == f"{repository}/edit/main/{edited}"
    assert links[1].startswith(f"{repository}/issues/new?")
    (title,) = parse_qs(urlsplit(links[1]).query)["title"]
    assert title == f"{folder}/{DONE} (version 1.2): "
    colab = page(site, DONE).xpath("//ul[@class='lesson-actions']//a[not(@download)]/@href")
    address = (
        f"https://colab.research.google.com/github/owner/course/blob/gh-pages/{folder}/{DONE}.ipynb"
    )
    assert colab == [address]
    if language == "en":
        sources = {
            "datasets": "docs/datasets.rst",
            "lessons/1_basics/index": "gallery/1_basics/GALLERY_HEADER.rst",
        }
        for name, file in sources.items():
            (link, _) = page(site, name).xpath("//p[@class='repository-links']/a/@href")
            assert link == f"{repository}/edit/main/{file}"


def test_colab_reads_from_github_alone(source, tmp_path):
    site = tiny(source, tmp_path / "out", course_repository="https://git.example.org/a/b").out
    text = (site / f"{DONE}.html").read_text("utf-8")
    assert "https://git.example.org/a/b/edit/main/" in text and "Colab" not in text


@pytest.mark.parametrize(
    "address",
    ["owner/course", "https://github.com/owner", "https://github.com/owner/course/", "javascript:x",
     "https://github.com/owner/course.git", "https://github.com/owner/course?tab=x"],
)  # fmt: skip
def test_a_wrong_address_is_one_clear_error(source, tmp_path, address):
    with pytest.raises(ConfigError, match=r"DLCOURSE_REPOSITORY_URL.*https://HOST/OWNER/NAME"):
        tiny(source, tmp_path / "out", course_repository=address)


def test_reading_time_counts_words_characters_and_lines_of_code():
    doctree = nodes.document(None, None)
    doctree += nodes.paragraph(text="word " * 400)  # 2 minutes
    doctree += nodes.paragraph(text="字" * 900)  # 3 minutes
    doctree += nodes.literal_block(text="x = 1\n\n" * 80)  # 4 minutes
    doctree += nodes.literal_block(text="out\n" * 999, classes=[lesson_facts.OUTPUT_CLASS])
    doctree += nodes.comment(text="hidden " * 999)
    assert lesson_facts.reading_minutes(doctree) == 9


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min"), (125, "2 min 5 s")],
)
def test_durations(seconds, text):
    assert Wording(str, "en").duration(seconds) == text


def git(folder: Path, *arguments: str, day: str = "2026-02-03") -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    environment = {
        "GIT_AUTHOR_DATE": f"{day}T12:00:00Z",
        "GIT_COMMITTER_DATE": f"{day}T12:00:00Z",
    }
    subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        check=True,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


def test_date_of_the_english_comes_from_its_last_commit(tmp_path):
    gallery = tmp_path / "gallery"
    (gallery / "1_部分").mkdir(parents=True)
    file, other = gallery / "lesson.py", gallery / "1_部分" / "other.py"
    file.write_text("1")
    other.write_text("1")
    assert source_history.last_changes(gallery) == {}
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "gallery")
    assert source_history.last_changes(gallery) == {}
    git(tmp_path, "commit", "--quiet", "-m", "x")
    first, second = "2026-02-03", "2026-02-05"
    assert source_history.last_changes(gallery) == {"lesson.py": first, "1_部分/other.py": first}
    file.write_text("2")  # a change whose day nobody knows
    assert source_history.last_changes(gallery) == {"1_部分/other.py": first}
    git(tmp_path, "commit", "--quiet", "-am", "y", day=second)
    assert source_history.last_changes(gallery) == {"lesson.py": second, "1_部分/other.py": first}
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{tmp_path}", str(copy))
    assert source_history.last_changes(copy / "gallery") == {}
