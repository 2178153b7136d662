"""Pages know their counterparts, and the root of the site is composed of its languages."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from sphinx.errors import ConfigError

from _ext.translation import switcher
from tiny_course import Project
from tiny_site import build, write

ROOT = "https://course.example/sub/"
XHTML = "{http://www.w3.org/1999/xhtml}link"
SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def meta(course: Project, language: str, page: str) -> dict[str, str]:
    tags = course.tree(language, page).xpath("//head/meta[@content]")
    return {tag.get("property") or tag.get("name") or "": tag.get("content") for tag in tags}


@pytest.mark.parametrize("folder", ["en", "zh"])
def test_addresses_agree(course: Project, folder: str) -> None:
    page = "api/loop"
    links = {
        link.get("hreflang") or link.get("rel"): link.get("href")
        for link in course.tree(folder, page).xpath("//link[@hreflang or @rel='canonical']")
    }
    assert links == {
        "canonical": f"{ROOT}{folder}/{page}.html",
        "en": f"{ROOT}en/{page}.html",
        "zh-CN": f"{ROOT}zh/{page}.html",
        "x-default": f"{ROOT}en/{page}.html",
    }
    assert meta(course, folder, page)["og:url"] == links["canonical"]


@pytest.mark.parametrize(
    ("folder", "locale", "other", "text", "name"),
    [
        ("en", "en_GB", "zh_CN", "One & “two”. Three.", "PyTorch in Practice"),
        ("zh", "zh_CN", "en_GB", "第一句。第二句。", "PyTorch 深度学习实战"),
    ],
)
def test_page_is_described_in_its_language(
    course: Project, folder: str, locale: str, other: str, text: str, name: str
) -> None:
    tags = meta(course, folder, "constructs")
    assert tags["description"] == tags["og:description"]
    assert tags["description"].startswith(text)
    assert (tags["og:locale"], tags["og:locale:alternate"]) == (locale, other)
    assert (tags["twitter:card"], tags["og:site_name"]) == ("summary", name)


@pytest.mark.parametrize(
    ("folder", "page", "tag", "target"),
    [
        ("en", "api/loop", "zh-CN", "zh/api/loop.html"),
        ("zh", "index", "en", "en/index.html"),
        ("zh", "search", "en", "en/search.html"),
        ("en", "404", "zh-CN", "zh/index.html"),
    ],
)
def test_switcher_leads_to_the_same_page(
    course: Project, folder: str, page: str, tag: str, target: str
) -> None:
    tree = course.tree(folder, page)
    links = tree.xpath("//a[contains(@class, 'language-switcher')]")
    assert {(link.get("hreflang"), link.get("lang")) for link in links} == {(tag, tag)}
    here = (course.written(folder) / page).parent
    targets = {here.joinpath(link.get("href")).resolve() for link in links}
    assert targets == {(course.root / "build/pages" / target).resolve()}
    assert tree.get("lang") != tag


@pytest.mark.parametrize("folder", ["en", "zh"])
def test_page_not_found_works_at_any_depth_and_is_not_listed(course: Project, folder: str) -> None:
    head = course.tree(folder, "404").find("head")
    (base,) = head.xpath("base")
    assert base.get("href") == f"/sub/{folder}/404.html"
    assert not base.xpath("preceding-sibling::*[@href or @src]"), "what precedes it is relative"
    assert head.xpath("meta[@name='robots']/@content") == ["noindex"]
    assert not head.xpath("link[@rel='canonical' or @rel='alternate']")


def sitemap(root: Path) -> dict[str, set[str]]:
    tree = ElementTree.parse(root / "sitemap.xml")
    return {
        url.findtext("s:loc", "", SITEMAP): {link.get("href", "") for link in url.iter(XHTML)}
        for url in tree.iterfind("s:url", SITEMAP)
    }


def test_sitemap_lists_both_languages_also_when_one_is_built_again(
    course: Project, followed: Project
) -> None:
    root = course.root / "build/pages"
    built = {page.relative_to(root).as_posix() for page in root.glob("*/**/*.html")}
    listed = {name for name in built if not name.endswith(("/404.html", "/search.html"))}
    pages = sitemap(root)
    assert set(pages) == {ROOT + name for name in listed if "/_static/" not in name}
    for url, links in pages.items():
        name = url.removeprefix(ROOT)[3:]
        assert links == {f"{ROOT}en/{name}", f"{ROOT}zh/{name}"}
    assert f"Sitemap: {ROOT}sitemap.xml" in (root / "robots.txt").read_text("utf-8")
    assert sitemap(followed.root / "build/pages") == pages


def test_sitemap_does_not_depend_on_which_language_is_there() -> None:
    pages = {"en": [f"{ROOT}en/a.html", f"{ROOT}en/b.html"], "zh": [f"{ROOT}zh/b.html"]}
    tree = ElementTree.fromstring(switcher.sitemap(pages, ROOT))
    links = [len(url.findall(XHTML)) for url in tree.iterfind("s:url", SITEMAP)]
    assert links == [1, 2, 2]


@pytest.mark.parametrize(("page", "prefix"), [("index", ""), ("404", "/sub/")])
def test_root_pages_speak_both_languages_and_load_nothing_else(
    course: Project, page: str, prefix: str
) -> None:
    tree = course.tree("", page)
    links = {a.get("hreflang"): a.get("href") for a in tree.xpath("//section[@lang]//a")}
    assert links == {"en": f"{prefix}en/index.html", "zh-CN": f"{prefix}zh/index.html"}
    assert not tree.xpath("//script[@src] | //link[@rel='stylesheet'] | //img")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"html_baseurl": "course.example"}, "html_baseurl is 'course.example'"),
        ({"html_baseurl": ROOT.rstrip("/")}, "with a slash at its end"),
        ({"language": "de"}, "language is 'de'; use one of en, zh_CN"),
    ],
)
def test_setting_that_cannot_work_is_an_error(config: dict[str, str], message: str) -> None:
    settings: Any = SimpleNamespace(**{"html_baseurl": ROOT, "language": "en", **config})
    with pytest.raises(ConfigError, match=message):
        switcher._configure(SimpleNamespace(), settings)  # type: ignore[arg-type]  # not used


def test_nothing_of_a_notebook_is_published_but_its_page(course: Project) -> None:
    assert (course.root / "build/html/en/solutions/lesson_01.html").is_file()
    assert not list((course.root / "build").rglob("jupyter_execute"))
    assert not list((course.root / "build/html").glob("*/solutions/*.ipynb"))


PAGES = {
    "index.rst": "Start\n=====\n\n.. toctree::\n   :hidden:\n\n   other\n   third\n",
    "other.rst": "Other\n=====\n\n.. glossary::\n\n   tensor\n      Numbers.\n",
    "third.rst": "Third\n=====\n\nSee :doc:`other` on a :term:`tensor`.\n",
}


def test_pages_follow_titles_and_targets_of_others_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "docs", PAGES)

    def third(old: str, new: str) -> tuple[str, str]:
        """Edit the other page, build, and return the third page and the warnings."""
        write(tmp_path / "docs", {"other.rst": PAGES["other.rst"].replace(old, new)})
        extensions = ["_ext.pages.freshness"]
        built = build(tmp_path / "docs", tmp_path / "out", extensions=extensions, nitpicky=True)
        return (built.out / "third.html").read_text("utf-8"), built.warnings

    page, warnings = third("", "")
    assert ">Other<" in page and not warnings
    (tmp_path / "out/third.html").write_text("as it was")
    assert third("Numbers.", "More numbers.") == ("as it was", "")
    _, warnings = third("   tensor\n", "   array\n")
    assert "third.rst:4: WARNING: term not in glossary: 'tensor'" in warnings
    page, warnings = third("Other\n", "Novel\n")
    assert ">Novel<" in page and ">Other<" not in page and not warnings
