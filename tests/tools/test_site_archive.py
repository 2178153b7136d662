"""The archive of the site: what is in it, that it repeats, and the sizes on the pages."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from _tools.shipping import archive as site_archive
from tiny_site import write

SPAN = '<span class="file-size" data-size-of="{}"></span>'
HOME = f"""<a href="course.zip">lessons</a>{SPAN.format("lessons")}
<a href="../pytorch-in-practice.zip">site</a>{SPAN.format("site")}"""
FILES = {
    "index.html": '<link rel="canonical" href="http://127.0.0.1:8000/">',
    "404.html": "gone",
    "robots.txt": "all",
    "en/index.html": HOME,
    "en/.buildinfo": "x",
    "en/sitemap.txt": "x",
    "en/course.zip": "x" * 65_536,
    "en/lessons/a.html": "a",
    "en/_static/a.css": "a",
    "en/_static/a.css.map": "a",
    "en/_static/onnxruntime/ort.wasm": "large",
    "zh/404.html": "gone",
}
INSIDE = ["en/_static/a.css", "en/course.zip", "en/index.html", "en/lessons/a.html", "index.html"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write(tmp_path, FILES)


def members(site: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(site / site_archive.SITE) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_archive_holds_what_a_reader_needs(site: Path) -> None:
    site_archive.finish(site)
    found = members(site)
    assert list(found) == [f"pytorch-in-practice/{name}" for name in INSIDE]
    page = found["pytorch-in-practice/en/index.html"].decode()
    # The archive is not in itself: its link leads to the site.
    assert 'href="http://127.0.0.1:8000/pytorch-in-practice.zip"' in page
    assert 'href="course.zip"' in page


def test_sizes_are_those_of_the_files(site: Path) -> None:
    site_archive.finish(site)
    page = (site / "en/index.html").read_text("utf-8")
    size = site_archive.size_text((site / site_archive.SITE).stat().st_size)
    assert 'data-size-of="lessons"> · 66\N{NO-BREAK SPACE}kB</span>' in page
    assert f'data-size-of="site"> · {size}</span>' in page


def test_same_files_give_the_same_bytes(site: Path) -> None:
    site_archive.finish(site)
    before = {file: file.read_bytes() for file in site.rglob("*") if file.is_file()}
    for file in before:
        os.utime(file, (1e9, 1e9))
    site_archive.finish(site)
    assert {file: file.read_bytes() for file in site.rglob("*") if file.is_file()} == before


def test_changed_page_and_changed_size_show(site: Path) -> None:
    site_archive.finish(site)
    write(site, {"en/lessons/a.html": "b", "en/course.zip": "x" * 2_000_000})
    site_archive.finish(site)
    assert members(site)["pytorch-in-practice/en/lessons/a.html"] == b"b"
    assert " · 2.0\N{NO-BREAK SPACE}MB</span>" in (site / "en/index.html").read_text("utf-8")


def test_a_stopped_build_leaves_none(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site_archive.finish(site)
    site_archive.discard(site)
    assert not (site / site_archive.SITE).exists()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(zipfile.ZipFile, "writestr", stop)
    with pytest.raises(KeyboardInterrupt):
        site_archive.finish(site)
    assert not (site / site_archive.SITE).exists()
    monkeypatch.undo()
    site_archive.finish(site)
    assert len(members(site)) == len(INSIDE), "what was half-written is not taken in"
    assert not list(site.glob("*.part"))
