"""Pages know their counterparts, and the root of the site is composed of its languages."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from lxml import html
from sphinx.errors import ConfigError
from tiny_site import build, catalogue, write

import language_links
import site_strings

ROOT = "https://course.example/sub/"
CONFIG = {
    "extensions": ["site_strings", "language_links", "page_summary", "sphinxext.opengraph"],
    "html_baseurl": ROOT,
    "ogp_social_cards": {"enable": False},
    "templates_path": [str(Path(language_links.__file__).parents[1] / "_templates")],
    "html_sidebars": {"**": ["language-switcher.html"]},
}
NAMES = ("index.html", "part/page.html")
SITE = {f"{ROOT}{folder}/{name}" for folder in ("en", "zh") for name in NAMES}
SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
CHINESE = {
    # The other strings of our templates: any translation will do.
    **dict.fromkeys(site_strings.messages(), "……"),
    "A course on deep learning with PyTorch whose every lesson runs.": "每一课都能运行。",
    "Go to the first page": "回到首页",
    "Page not found": "找不到页面",
    "PyTorch in Practice": "PyTorch 深度学习实战",
    "There is no page at this address.": "这个网址下没有页面。",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write(
        tmp_path_factory.mktemp("languages") / "docs",
        {
            "index.rst": "Home\n====\n\n.. toctree::\n\n   part/page\n",
            "part/page.rst": 'Page\n====\n\nOne & "two". Three.\n',
            "404.rst": ":orphan:\n\nNo page\n=======\n\nNothing here.\n",
            "locale/zh_CN/LC_MESSAGES/site.po": catalogue(CHINESE),
            "locale/zh_CN/LC_MESSAGES/part/page.po": catalogue(
                {"Page": "页面", r"One & \"two\". Three.": "第一句。第二句。"}
            ),
        },
    )


def languages(source: Path, root: Path, *folders: str) -> Path:
    codes = {"en": "en", "zh": "zh_CN"}
    for folder in folders:
        config = CONFIG | {"project": "PyTorch in Practice", "exclude_patterns": ["locale"]}
        assert build(source, root / folder, codes[folder], **config).warnings == ""
    return root


@pytest.fixture(scope="module")
def site(source) -> Path:
    return languages(source, source.with_name("html"), "en", "zh")


def head(site: Path, page: str) -> html.HtmlElement:
    return html.fromstring((site / page).read_text("utf-8")).find("head")


def meta(site: Path, page: str) -> dict[str, str]:
    tags = head(site, page).xpath("meta[@content]")
    return {tag.get("property") or tag.get("name") or "": tag.get("content") for tag in tags}


@pytest.mark.parametrize("folder", ["en", "zh"])
def test_addresses_agree(site, folder):
    page = f"{folder}/part/page.html"
    links = {
        link.get("hreflang") or link.get("rel"): link.get("href")
        for link in head(site, page).xpath("link[@rel='alternate' or @rel='canonical']")
    }
    assert links == {
        "canonical": f"{ROOT}{page}",
        "en": f"{ROOT}en/part/page.html",
        "zh-CN": f"{ROOT}zh/part/page.html",
        "x-default": f"{ROOT}en/part/page.html",
    }
    assert meta(site, page)["og:url"] == links["canonical"]


@pytest.mark.parametrize(
    ("folder", "locale", "other", "text"),
    [
        ("en", "en_GB", "zh_CN", "One & “two”. Three."),
        ("zh", "zh_CN", "en_GB", "第一句。第二句。"),
    ],
)
def test_page_is_described_in_its_language(site, folder, locale, other, text):
    tags = meta(site, f"{folder}/part/page.html")
    assert tags["description"] == tags["og:description"] == text
    assert (tags["og:locale"], tags["og:locale:alternate"]) == (locale, other)
    assert (tags["twitter:card"], tags["og:site_name"]) == (
        "summary",
        {"en": "PyTorch in Practice", "zh": "PyTorch 深度学习实战"}[folder],
    )


@pytest.mark.parametrize(
    ("page", "tag", "target"),
    [
        ("en/part/page.html", "zh-CN", "zh/part/page.html"),
        ("zh/index.html", "en", "en/index.html"),
        ("zh/search.html", "en", "en/search.html"),
        ("en/404.html", "zh-CN", "zh/index.html"),
    ],
)
def test_switcher_leads_to_the_same_page(site, page, tag, target):
    tree = html.fromstring((site / page).read_text("utf-8"))
    (link,) = tree.xpath("//a[contains(@class, 'language-switcher')]")
    assert (link.get("hreflang"), link.get("lang")) == (tag, tag)
    assert (site / page).parent.joinpath(link.get("href")).resolve() == (site / target).resolve()
    assert tree.get("lang") != tag


@pytest.mark.parametrize("folder", ["en", "zh"])
def test_page_not_found_works_at_any_depth_and_is_not_listed(site, folder):
    tags = head(site, f"{folder}/404.html")
    (base,) = tags.xpath("base")
    assert base.get("href") == f"/sub/{folder}/404.html"
    assert not base.xpath("preceding-sibling::*[@href or @src]"), "what precedes it is relative"
    assert tags.xpath("meta[@name='robots']/@content") == ["noindex"]
    assert not tags.xpath("link[@rel='canonical' or @rel='alternate']")


def sitemap(root: Path) -> dict[str, set[str]]:
    tree = ElementTree.parse(root / "sitemap.xml")
    return {
        url.findtext("s:loc", namespaces=SITEMAP): {
            link.get("href") for link in url.iter("{http://www.w3.org/1999/xhtml}link")
        }
        for url in tree.iterfind("s:url", SITEMAP)
    }


def test_sitemap_lists_both_languages(site):
    pages = sitemap(site)
    assert set(pages) == SITE
    for url, links in pages.items():
        name = url.removeprefix(ROOT)[3:]
        assert links == {f"{ROOT}en/{name}", f"{ROOT}zh/{name}"}
    assert f"Sitemap: {ROOT}sitemap.xml" in (site / "robots.txt").read_text("utf-8")


def test_sitemap_does_not_depend_on_the_order_of_builds(source, site, tmp_path):
    other = languages(source, tmp_path, "zh")
    assert set(sitemap(other)) == {f"{ROOT}zh/{name}" for name in NAMES}
    languages(source, other, "en")
    names = ("sitemap.xml", "index.html", "404.html", "robots.txt")
    assert [(other / name).read_bytes() for name in names] == [
        (site / name).read_bytes() for name in names
    ]


def test_sitemap_is_whole_after_an_incremental_build(source, site):
    page = source / "part/page.rst"
    page.write_text(page.read_text("utf-8") + "\nMore.\n", "utf-8")
    assert set(sitemap(languages(source, site, "en"))) == SITE


@pytest.mark.parametrize("page", ["index.html", "404.html"])
def test_root_pages_speak_both_languages_and_load_nothing_else(site, page):
    tree = html.fromstring((site / page).read_text("utf-8"))
    links = {a.get("hreflang"): a.get("href") for a in tree.xpath("//section[@lang]//a")}
    prefix = "/sub/" if page == "404.html" else ""
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
def test_setting_that_cannot_work_is_an_error(source, tmp_path, config, message):
    with pytest.raises(ConfigError, match=message):
        build(source, tmp_path / "en", **CONFIG | config)
