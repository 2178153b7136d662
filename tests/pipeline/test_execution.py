"""What makes a lesson run again, and what does not."""

from __future__ import annotations

import re
import shutil

from _ext.translation.catalogues import load

from .conftest import (
    CATALOGUES,
    LESSON_1,
    LESSON_2,
    PAGE_1,
    PAGE_2,
    PAGE_OF_SOLUTION,
    SOLUTION,
    Project,
    wait_for,
)

LONGEST = "lessons/2_extra/lesson_03_longest"
FIGURES = f"{CATALOGUES}/figures.po"
FIGURE_1 = "sphx_glr_lesson_01_tiny_001"
FIGURE_2 = "sphx_glr_lesson_02_moving_001"


def image(project: Project, name: str, language: str = "zh") -> bytes:
    return (project.root / "build/html" / language / "_images" / name).read_bytes()


def scripts(project: Project, language: str, page: str) -> str:
    """Return the scripts of a page: what all pages have, and what this one has."""
    names = re.findall(r'_static/(site-\w+\.js)"', project.page(language, page))
    static = project.root / "build/html" / language / "_static"
    return "".join((static / name).read_text() for name in names)


def test_first_build_executes_all_code_once(built_once: Project) -> None:
    log = (built_once.root / "executed.txt").read_text().split()
    assert sorted(log) == ["01", "02", "page"]
    for language in ("en", "zh"):
        assert "total: 3" in built_once.page(language, PAGE_1)
        assert "solution: 3" in built_once.page(language, PAGE_OF_SOLUTION)
    names = {file.name for file in (built_once.root / "build/html/zh/lessons/1_part").iterdir()}
    assert {"lesson_01_tiny.py", "lesson_01_tiny.ipynb"} <= names


def test_animation_is_a_player_with_the_frames_of_its_language(built_once: Project) -> None:
    for language, ending in (("en", ".png"), ("zh", ".zh_CN.png")):
        page = built_once.page(language, PAGE_2)
        assert "<frame-player" in page
        assert 'define("frame-player"' in scripts(built_once, language, PAGE_2)
        files = [f"{FIGURE_2}.frame-1{ending}", f"{FIGURE_2}.frame-2{ending}", FIGURE_2 + ending]
        assert len({image(built_once, file, language) for file in files}) == 3
        assert all(file in page for file in files)
        assert "frame-player" not in scripts(built_once, language, PAGE_1)


def test_edits_of_texts_show_in_both_languages_without_execution(project: Project) -> None:
    drawn = [f"{FIGURE_1}.zh_CN.png", f"{FIGURE_2}.frame-1.zh_CN.png"]
    english, chinese = image(project, f"{FIGURE_1}.png", "en"), [image(project, x) for x in drawn]
    catalogue = f"{CATALOGUES}/{PAGE_1}.po"
    for file in (LESSON_1, catalogue):
        project.replace(file, "adds two numbers", "adds two small numbers")
    project.replace(catalogue, "把两个数相加", "把两个小的数相加")
    project.replace(catalogue, "很小的一课", "极小的一课")
    project.replace(FIGURES, "两个数的和", "两数之和")
    project.replace(FIGURES, "第 {0} 步时的点", "走到第 {0} 步的点")
    project.replace(f"{CATALOGUES}/comments.po", "把和画成柱子。", "把和画成一根柱子。")
    for file in (SOLUTION, f"{CATALOGUES}/{PAGE_OF_SOLUTION}.po"):
        project.replace(file, "Three, once more.", "Three, once again.")
    project.replace("LICENSE", "MIT License", "The MIT License")
    project.build()
    assert project.executed() == []
    assert "adds two small numbers" in project.page("en", PAGE_1)
    assert "把两个小的数相加" in project.page("zh", PAGE_1)
    assert "把和画成一根柱子。" in project.page("zh", PAGE_1)
    assert "total: 3" in project.page("zh", PAGE_1)
    assert "极小的一课" in project.page("zh", "lessons/1_part/index")
    assert "Three, once again." in project.page("en", PAGE_OF_SOLUTION)
    assert image(project, f"{FIGURE_1}.png", "en") == english
    assert all(image(project, x) != before for x, before in zip(drawn, chinese, strict=True))
    # What was rendered again is what a build from nothing renders, also the frames.
    again = project.site()
    for made in ("build/html", "build/doctrees", "docs/lessons"):
        shutil.rmtree(project.root / made)
    (project.root / "build/state.json").unlink()
    project.build()
    assert project.executed() == []
    assert project.different(again) == []
    assert "Nothing has changed" in project.build()
    assert project.executed() == []
    assert project.different(again) == []


def test_interface_string_shows_on_every_page(project: Project) -> None:
    old = load(project.root / "docs/locale", "zh_CN", "site")["Search the course"]
    project.replace(f"{CATALOGUES}/site.po", old, f"{old}！")
    project.build()
    assert project.executed() == []
    assert f"{old}！" in project.page("zh", "index")
    assert f"{old}！" in project.page("zh", PAGE_1)


def test_edit_during_a_build_is_for_the_next_one(project: Project) -> None:
    catalogue = f"{CATALOGUES}/{PAGE_1}.po"
    for file in (LESSON_1, catalogue):
        project.replace(file, "adds two numbers", "adds two small numbers")
    process = project.start()
    wait_for(process, "简体中文")  # the English pages are written
    for file in (LESSON_1, catalogue):
        project.replace(file, "adds two small numbers", "adds two tiny numbers")
    process.communicate(timeout=300)
    project.build()
    assert "adds two tiny numbers" in project.page("en", PAGE_1)


def test_each_lesson_has_a_process_of_its_own_and_the_longest_begins(project: Project) -> None:
    longest = project.add_lesson("lesson_03_longest")
    project.replace(longest, "budget_s = 1", "budget_s = 9")
    project.replace(
        LESSON_2, "# sphinx_gallery_n", "# sphinx_gallery_parallel = False\n# sphinx_gallery_n"
    )
    code = "import multiprocessing\n\nprint(os.getpid(), multiprocessing.current_process().name)\n"
    for lesson in (LESSON_1, LESSON_2, longest):
        project.replace(lesson, "with Path", f"{code}with Path")
    output = project.build()
    assert project.executed() == ["01", "02", "03"], "each one once"
    events = re.findall(r"lesson_(\d+)_\w+: (executing|executed)", output)
    assert ("03", "executing") in events[:2], "the longest of them from the start"
    assert events[-2:] == [("02", "executing"), ("02", "executed")], "alone, when all have ended"
    pages = [project.page("en", page) for page in (PAGE_1, PAGE_2, LONGEST)]
    found = [re.findall(r"(\d+) (\w*Process[-\w]*)", page)[0] for page in pages]
    assert len({process for process, _ in found}) == 3
    assert {name for _, name in found} == {"MainProcess"}, "as for a reader"


def test_package_edit_executes_what_depends_on_it(project: Project) -> None:
    left = [project.root / f"build/html/{x}/_live/lesson_02_moving/end.txt" for x in ("en", "zh")]
    before = [file.read_text() for file in left]
    project.replace("dlcourse/adding.py", "Add two numbers.", "Add two small numbers.")
    project.replace("dlcourse/moving.py", "return step", "return step / 2")
    project.build()
    assert project.executed() == ["02"], "what a docstring says changes no output"
    assert (before, [file.read_text() for file in left]) == (["2", "2"], ["1.0", "1.0"])
    project.replace("dlcourse/adding.py", "return a + b", "return a + b + 0.5")
    project.build()
    assert project.executed() == ["01", "page"]
    for language in ("en", "zh"):
        assert "solution: 3.5" in project.page(language, PAGE_OF_SOLUTION)


def test_code_edit_executes_lesson_and_page_and_the_way_back_does_not(
    project: Project, built_once: Project
) -> None:
    for file in (LESSON_1, SOLUTION):
        project.replace(file, "add(1, 2)", "add(1, 4)")
    output = project.build()
    assert project.executed() == ["01", "page"]
    assert f"{PAGE_OF_SOLUTION}: executed in" in output
    for language in ("en", "zh"):
        assert "total: 5" in project.page(language, PAGE_1)
        assert "solution: 5" in project.page(language, PAGE_OF_SOLUTION)
    for file in (LESSON_1, SOLUTION):
        project.replace(file, "add(1, 4)", "add(1, 2)")
    project.build()
    assert project.executed() == []
    assert project.different(built_once.site()) == []


def test_removed_lesson_and_removed_part_leave_no_trace(project: Project) -> None:
    project.add_lesson("lesson_03_extra")
    project.build()
    assert (project.root / "build/html/en/lessons/2_extra/lesson_03_extra.html").exists()
    shutil.rmtree(project.root / "gallery/2_extra")
    (project.root / LESSON_2).unlink()
    for ending in (".po", ".mo"):
        (project.root / CATALOGUES / PAGE_2).with_suffix(ending).unlink(missing_ok=True)
    process = project.start()
    wait_for(process, "English")  # Sphinx has been started
    assert list((project.root / "docs/lessons").rglob("*moving*")) == [], "it lists the pages first"
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    places = [project.root / "build", project.root / "docs/lessons"]
    files = [file for place in places for file in place.rglob("*") if file.is_file()]
    for gone in ("moving", "extra"):
        named = [file for file in files if gone in str(file.relative_to(project.root))]
        assert named == []
    mentions = [f for f in files if f.suffix != ".zip" and b"lesson_02_moving" in f.read_bytes()]
    assert mentions == []


def test_chosen_lessons_only(project: Project) -> None:
    for lessons in (("9",), ("1", "x")):
        output = project.build(*lessons, succeeds=False)
        assert "There is no lesson" in output and "Lessons: 01, 02." in output
        assert "Traceback" not in output
    shutil.rmtree(project.root / "build")
    project.build("2")
    assert project.executed() == ["02", "page"]
    assert "total: 3" not in project.page("en", PAGE_1)
    assert "not executed in this build" in project.page("en", PAGE_1)
    assert "not executed in this build" not in project.page("en", PAGE_2)
    project.build()
    assert project.executed() == ["01"]
    assert "total: 3" in project.page("zh", PAGE_1)
