"""What makes a lesson run again, and what does not."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from catalogues import load

from .conftest import Project, wait_for

LESSON_1 = "gallery/1_part/lesson_01_tiny.py"
LESSON_2 = "gallery/1_part/lesson_02_moving.py"
CATALOGUES = "docs/locale/zh_CN/LC_MESSAGES"
PAGE_1 = "lessons/1_part/lesson_01_tiny"
PAGE_2 = "lessons/1_part/lesson_02_moving"


def image(project: Project, name: str, language: str = "zh") -> bytes:
    return (project.root / "build/html" / language / "_images" / name).read_bytes()


def scripts(project: Project, language: str, page: str) -> str:
    """Return the scripts of a page, which are joined in one file."""
    (name,) = re.findall(r'_static/(site-\w+\.js)"', project.page(language, page))
    return (project.root / "build/html" / language / "_static" / name).read_text()


def test_first_build_executes_all_code_once(built_once: Project) -> None:
    log = (built_once.root / "executed.txt").read_text().split()
    assert sorted(log) == ["01", "02", "page"]
    for language in ("en", "zh"):
        assert "total: 3" in built_once.page(language, PAGE_1)
        assert "solution: 3" in built_once.page(language, "solution")


def test_nothing_changed(project: Project) -> None:
    before = project.site()
    output = project.build()
    assert "Nothing has changed" in output
    assert project.executed() == []
    assert project.site() == before


def test_edits_of_texts_show_in_both_languages_without_execution(project: Project) -> None:
    name = "sphx_glr_lesson_01_tiny_001"
    english, chinese = image(project, f"{name}.png", "en"), image(project, f"{name}.zh_CN.png")
    catalogue = f"{CATALOGUES}/{PAGE_1}.po"
    project.replace(LESSON_1, "adds two numbers", "adds two small numbers")
    project.replace(catalogue, "adds two numbers", "adds two small numbers")
    project.replace(catalogue, "把两个数相加", "把两个小的数相加")
    project.replace(catalogue, "很小的一课", "极小的一课")
    project.replace(f"{CATALOGUES}/figures.po", "两个数的和", "两数之和")
    project.replace(f"{CATALOGUES}/comments.po", "把和画成柱子。", "把和画成一根柱子。")
    project.replace("LICENSE", "MIT License", "The MIT License")
    project.build()
    assert project.executed() == []
    assert "adds two small numbers" in project.page("en", PAGE_1)
    assert "把两个小的数相加" in project.page("zh", PAGE_1)
    assert "把和画成一根柱子。" in project.page("zh", PAGE_1)
    assert "total: 3" in project.page("zh", PAGE_1)
    assert "极小的一课" in project.page("zh", "lessons/1_part/index")
    assert image(project, f"{name}.png", "en") == english
    assert image(project, f"{name}.zh_CN.png") != chinese
    # What was rendered again is what a build from nothing renders.
    again = project.site()
    shutil.rmtree(project.root / "build/html")
    shutil.rmtree(project.root / "build/doctrees")
    (project.root / "build/state.json").unlink()
    project.build()
    assert project.executed() == []
    assert project.different(again) == []


def test_interface_string_shows_on_every_page(project: Project) -> None:
    site = project.root / f"{CATALOGUES}/site.po"
    old = load(project.root / "docs/locale", "zh_CN", "site")["Search the course"]
    project.replace(str(site.relative_to(project.root)), old, f"{old}！")
    project.build()
    assert project.executed() == []
    assert f"{old}！" in project.page("zh", "index")
    assert f"{old}！" in project.page("zh", PAGE_1)


def test_edit_during_a_build_is_for_the_next_one(project: Project) -> None:
    project.replace(LESSON_1, "adds two numbers", "adds two small numbers")
    catalogue = f"{CATALOGUES}/{PAGE_1}.po"
    project.replace(catalogue, "adds two numbers", "adds two small numbers")
    process = project.start()
    wait_for(process, "简体中文")  # the English pages are written
    project.replace(LESSON_1, "adds two small numbers", "adds two tiny numbers")
    project.replace(catalogue, "adds two small numbers", "adds two tiny numbers")
    process.communicate(timeout=300)
    project.build()
    assert "adds two tiny numbers" in project.page("en", PAGE_1)


def test_animation_is_a_player_with_the_frames_of_its_language(project: Project) -> None:
    name = "sphx_glr_lesson_02_moving_001"
    for language, ending in (("en", ".png"), ("zh", ".zh_CN.png")):
        page = project.page(language, PAGE_2)
        assert "<frame-player" in page
        assert 'define("frame-player"' in scripts(project, language, PAGE_2)
        files = [f"{name}.frame-1{ending}", f"{name}.frame-2{ending}", f"{name}{ending}"]
        assert len({image(project, file, language) for file in files}) == 3
        assert all(file in page for file in files)
        assert "frame-player" not in scripts(project, language, PAGE_1)
    frame = image(project, f"{name}.frame-1.zh_CN.png")
    project.replace(f"{CATALOGUES}/figures.po", "第 {0} 步时的点", "走到第 {0} 步的点")
    project.build()
    assert project.executed() == []
    assert image(project, f"{name}.frame-1.zh_CN.png") != frame
    # The frames come back from the cache with the rest.
    shutil.rmtree(project.root / "docs/lessons")
    shutil.rmtree(project.root / "build/html")
    project.build()
    assert project.executed() == []
    assert image(project, f"{name}.frame-2.png", "en")


def test_lesson_in_a_worker_finds_the_name_that_a_reader_finds(project: Project) -> None:
    code = "import multiprocessing\n\nprint(os.getpid(), multiprocessing.current_process().name)\n"
    code += "lock_as_of_tqdm = multiprocessing.RLock()\n"
    for lesson in (LESSON_1, LESSON_2):
        project.replace(lesson, "with Path", f"{code}with Path")
    output = project.build()
    assert "leaked" not in output, "the workers ended in peace"
    assert project.executed() == ["01", "02"]
    printed = [project.page("en", page) for page in (PAGE_1, PAGE_2)]
    found = [re.findall(r"(\d+) (MainProcess|LokyProcess[-\w]*)", page) for page in printed]
    (one, first), (two, second) = found[0][0], found[1][0]
    assert one != two, "each lesson runs in a worker of its own"
    assert first == second == "MainProcess"


def test_longest_lesson_is_executed_first_whatever_its_part(project: Project) -> None:
    extra = project.root / "gallery/2_extra"
    shutil.copytree(
        project.root / "gallery/1_part", extra, ignore=lambda *_: ["lesson_02_moving.py"]
    )
    longest = "gallery/2_extra/lesson_03_longest.py"
    (extra / "lesson_01_tiny.py").rename(project.root / longest)
    project.replace(longest, "budget_s = 1", "budget_s = 9")
    project.replace(longest, 'print("01"', 'print("03"')
    shutil.rmtree(project.root / "build/cache/lessons")
    output = project.build()
    assert project.executed() == ["01", "02", "03"], "each one once"
    started = re.findall(r"lesson_(\d+)_\w+: executing", output)
    assert "03" in started[:2], "two at a time, and the longest of them from the start"
    assert project.page("en", PAGE_1.replace("1_part/lesson_01_tiny", "2_extra/lesson_03_longest"))


def test_lesson_that_must_run_alone_does(project: Project) -> None:
    for lesson in (LESSON_1, LESSON_2):
        project.replace(lesson, "with Path", "print('run by', os.getpid())\nwith Path")
        project.replace(
            lesson, "# sphinx_gallery_n", "# sphinx_gallery_parallel = False\n# sphinx_gallery_n"
        )
    project.build()
    assert project.executed() == ["01", "02"]
    processes = {
        re.findall(r"run by (\d+)", project.page("en", page))[0] for page in (PAGE_1, PAGE_2)
    }
    assert len(processes) == 1, "both in the process of the build"


def test_package_edit_executes_the_lessons_that_depend_on_it(project: Project) -> None:
    left = "_live/lesson_02_moving/end.txt"
    site = project.root / "build/html"
    before = [(site / language / left).read_text() for language in ("en", "zh")]
    project.replace("dlcourse/moving.py", "return step", "return step / 2")
    project.build()
    assert project.executed() == ["02"]
    after = [(site / language / left).read_text() for language in ("en", "zh")]
    assert (before, after) == (["2", "2"], ["1.0", "1.0"])


def test_package_edit_executes_the_pages_that_depend_on_it(project: Project) -> None:
    project.replace("dlcourse/adding.py", "Add two numbers.", "Add two small numbers.")
    project.build()
    assert project.executed() == [], "what a docstring says changes no output"
    project.replace("dlcourse/adding.py", "return a + b", "return a + b + 0.5")
    project.build()
    assert project.executed() == ["01", "page"]
    for language in ("en", "zh"):
        assert "solution: 3.5" in project.page(language, "solution")


def test_edit_of_a_page_executes_it_if_its_code_changed(project: Project) -> None:
    project.replace("docs/solution.md", "Three, once more.", "Three, once again.")
    catalogue = f"{CATALOGUES}/solution.po"
    project.replace(catalogue, "Three, once more.", "Three, once again.")
    project.build()
    assert project.executed() == []
    assert "Three, once again." in project.page("en", "solution")
    project.replace("docs/solution.md", "add(1, 2)", "add(1, 4)")
    output = project.build()
    assert project.executed() == ["page"]
    assert "solution: executed in" in output
    for language in ("en", "zh"):
        assert "solution: 5" in project.page(language, "solution")


def test_code_edit_executes_the_lesson_and_the_way_back_does_not(
    project: Project, built_once: Project
) -> None:
    project.replace(LESSON_1, "add(1, 2)", "add(1, 4)")
    project.build()
    assert project.executed() == ["01"]
    assert "total: 5" in project.page("zh", PAGE_1)
    project.replace(LESSON_1, "add(1, 4)", "add(1, 2)")
    project.build()
    assert project.executed() == []
    assert project.different(built_once.site()) == []


def test_removed_lesson_leaves_no_trace(project: Project) -> None:
    (project.root / LESSON_2).unlink()
    (project.root / CATALOGUES / f"{PAGE_2}.po").unlink()
    (project.root / CATALOGUES / f"{PAGE_2}.mo").unlink(missing_ok=True)
    project.build()
    places = [project.root / "build", project.root / "docs/lessons"]
    files = [file for place in places for file in place.rglob("*") if file.is_file()]
    assert [
        file for file in files if "moving" in file.as_posix().removeprefix(str(project.root))
    ] == []
    mentions = [f for f in files if f.suffix != ".zip" and b"lesson_02_moving" in f.read_bytes()]
    assert mentions == []


def test_removed_part_leaves_no_trace(project: Project) -> None:
    extra = project.root / "gallery/2_extra"
    shutil.copytree(
        project.root / "gallery/1_part", extra, ignore=lambda *_: ["lesson_02_moving.py"]
    )
    (extra / "lesson_01_tiny.py").rename(extra / "lesson_03_extra.py")
    project.build()
    assert (project.root / "build/html/en/lessons/2_extra/lesson_03_extra.html").exists()
    shutil.rmtree(extra)
    project.build()
    assert not (project.root / "build/html/en/lessons/2_extra").exists()
    assert not (project.root / "docs/lessons/2_extra").exists()


def test_chosen_lessons_only(project: Project) -> None:
    shutil.rmtree(project.root / "build")
    project.build("2")
    assert project.executed() == ["02", "page"]
    assert "total: 3" not in project.page("en", PAGE_1)
    assert "not executed in this build" in project.page("en", PAGE_1)
    assert "not executed in this build" not in project.page("en", PAGE_2)
    project.build()
    assert project.executed() == ["01"]
    assert "total: 3" in project.page("zh", PAGE_1)


@pytest.mark.parametrize("lessons", [("9",), ("1", "x")])
def test_unknown_lesson(project: Project, lessons: tuple[str, ...]) -> None:
    output = project.build(*lessons, succeeds=False)
    assert "There is no lesson" in output and "Lessons: 01, 02." in output
    assert "Traceback" not in output


def test_lesson_downloads_of_the_tiny_course_are_there(built_once: Project) -> None:
    folder = Path(built_once.root / "build/html/zh/lessons/1_part")
    names = {file.name for file in folder.iterdir()}
    assert {"lesson_01_tiny.py", "lesson_01_tiny.ipynb"} <= names
