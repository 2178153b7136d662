"""The feed of each language is what RFC 4287 asks for, and its entries keep their identifiers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree, html
from sphinx.errors import ExtensionError

from _ext.pages import feed
from tiny_course import Project
from tiny_site import build, write

PAGES = "https://course.example/sub/"
A = {"a": feed.ATOM}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
ENTRIES = [
    feed.Entry("news-2026-01-02-first", "2026-01-02", "First", '<p>See <a href="a.html">a</a></p>'),
    feed.Entry("news-2026-02-03-second", "2026-02-03", "Second & <last>", "<p>1 &lt; 2</p>"),
]


def faults_of(content: bytes) -> list[str]:
    """Return what RFC 4287 has against a feed, in the parts of it that ours uses."""
    root = etree.fromstring(content)
    found = [] if root.tag == f"{{{feed.ATOM}}}feed" else ["the root is no feed"]
    elements = [root, *root.iterfind("a:entry", A)]
    for element in elements:
        for name in ("id", "title", "updated"):  # 4.1.1, 4.1.2: exactly one
            if len(texts := element.xpath(f"a:{name}/text()", namespaces=A)) != 1:
                found.append(f"{name}: {texts}")
        found += [
            f"updated: {text}"
            for text in element.xpath("a:updated/text()", namespaces=A)
            if not RFC3339.fullmatch(text)  # 3.3
        ]
        kinds = [
            (link.get("type"), link.get("hreflang"))
            for link in element.xpath("a:link[@rel='alternate']", namespaces=A)
        ]
        if len(kinds) != len(set(kinds)):  # 4.1.1, 4.1.2: one of each kind
            found.append(f"alternate: {kinds}")
        if not all(link.get("href") for link in element.xpath("a:link", namespaces=A)):
            found.append("a link without an address")
    ids = root.xpath("//a:id/text()", namespaces=A)
    found += [f"id twice: {each}" for each in ids if ids.count(each) > 1]
    found += [f"id: {each}" for each in ids if not re.match(r"[a-z][a-z0-9+.-]*:\S", each)]  # 4.2.6
    if not root.findtext("a:author/a:name", "", A):  # 4.1.1: or one in each entry
        found.append("no author")
    for entry in elements[1:]:
        if not entry.findtext("a:content", "", A):
            found.append("an entry without content")
    return found


def test_feeds_are_valid_and_in_their_language(course: Project) -> None:
    ids: set[str] = set()
    for folder, tag, title in (
        ("en", "en", "2026-02-03: One & two"),
        ("zh", "zh-CN", "2026-02-03：一与二"),
    ):
        content = (course.root / "build/html" / folder / feed.FILE).read_bytes()
        assert not faults_of(content)
        root = etree.fromstring(content)
        assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == tag
        assert root.findtext("a:entry/a:title", "", A) == title
        assert root.findtext("a:updated", "", A) == "2026-02-03T00:00:00Z"
        (address,) = root.xpath("a:link[@rel='self']/@href", namespaces=A)
        assert address == f"{PAGES}{folder}/{feed.FILE}"
        found = root.xpath("//a:id/text()", namespaces=A)
        assert len(found) == 3 and not ids & set(found)
        ids |= set(found)
        text = html.fromstring(root.findtext("a:entry/a:content", "", A))
        assert text.xpath("//a/@href") == [f"{PAGES}{folder}/opening.html"]
        assert not text.xpath("//h2")


def test_entries_lead_to_their_sections(course: Project) -> None:
    for folder in ("en", "zh"):
        root = etree.parse(course.root / "build/html" / folder / feed.FILE).getroot()
        anchors = [
            link.removeprefix(f"{PAGES}{folder}/changelog.html#")
            for link in root.xpath("a:entry/a:link/@href", namespaces=A)
        ]
        assert anchors == ["news-2026-02-03-second", "news-2026-01-02-first"]
        page = html.fromstring(course.page(folder, "changelog"))
        assert all(len(page.xpath(f"//*[@id='{anchor}']")) == 1 for anchor in anchors)


def test_every_page_names_the_feed_of_its_language(course: Project) -> None:
    for name, href in (("index", "feed.xml"), ("api/loop", "../feed.xml")):
        (link,) = html.fromstring(course.page("zh", name)).xpath(
            "//head/link[@type='application/atom+xml']"
        )
        assert (link.get("rel"), link.get("href")) == ("alternate", href)
        assert link.get("title") == "PyTorch 深度学习实战 · 新内容"
    (here,) = html.fromstring(course.page("en", "changelog")).xpath("//article//a[text()='feed']")
    assert here.get("href") == "feed.xml"


def test_entries_are_no_results_of_the_search(course: Project) -> None:
    record = (course.root / "build/doctrees/en/search/changelog.json").read_text("utf-8")
    assert "Also as a feed" in record and "The first" not in record


def test_identifiers_depend_on_the_label_alone() -> None:
    def ids(*arguments: str, found: list[feed.Entry] = ENTRIES) -> list[str]:
        root = etree.fromstring(feed.compose(found, *arguments))
        return root.xpath("//a:id/text()", namespaces=A)

    known = ids("Course", "Authors", "en", PAGES)
    assert known[1] == "urn:uuid:e78288be-20be-5a1d-b985-5a78f4deef53"  # as readers know it
    assert ids("Renamed", "Others", "en", "https://elsewhere.example/") == known
    renamed = [entry._replace(title="Else", content="<p>.</p>") for entry in ENTRIES]
    assert ids("Course", "Authors", "en", PAGES, found=renamed) == known
    assert not set(ids("Course", "Authors", "zh_CN", PAGES)) & set(known)


def test_without_a_public_address_links_are_relative() -> None:
    content = feed.compose(ENTRIES, "Course", "Authors", "en", "")
    assert not faults_of(content)
    root = etree.fromstring(content)
    links = root.xpath("//a:link/@href", namespaces=A)
    assert links == ["changelog.html", *(f"changelog.html#{entry.label}" for entry in ENTRIES)]
    assert 'href="a.html"' in root.findtext("a:entry/a:content", "", A)
    assert root.xpath("a:entry[2]/a:title/text()", namespaces=A) == ["Second & <last>"]


@pytest.mark.parametrize("label", ["", "(news-2026-02-30-never)=\n", "(second)=\n"])
def test_an_entry_without_a_day_is_an_error(tmp_path: Path, label: str) -> None:
    write(
        tmp_path / "docs",
        {
            "index.rst": "Start\n=====\n\n.. toctree::\n\n   changelog\n",
            "changelog.md": f"# News\n\n{label}## An entry\n\nText.\n",
        },
    )
    with pytest.raises(ExtensionError, match=r"docs/changelog.md: the section 'An entry' needs"):
        build(
            tmp_path / "docs",
            tmp_path / "out",
            extensions=["myst_parser", "_ext.pages.feed"],
            source_suffix={".rst": "restructuredtext", ".md": "markdown"},
            html_baseurl=PAGES,
        )


def test_the_check_of_feeds_can_fail() -> None:
    good = feed.compose(ENTRIES, "Course", "Authors", "en", PAGES)
    for old, new, fault in (
        (b"T00:00:00Z", b"", "updated: "),
        (b"<name>Authors</name>", b"<name/>", "no author"),
        (b"urn:uuid:", b"", "id: "),
        (b"<title>First</title>", b"", "title: []"),
    ):
        assert any(each.startswith(fault) for each in faults_of(good.replace(old, new))), fault
