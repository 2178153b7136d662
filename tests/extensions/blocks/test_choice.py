"""Choices: what the page shows, what is asked of authors, and what the downloads hold."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from lxml import html

from _ext.blocks import choice
from _ext.translation import catalogues
from tiny_course import Project
from tiny_site import build, write

KINDS = "lessons/2_kinds/lesson_03_kinds"
LESSON = "lessons/1_part/lesson_01_x"
VARIANTS = [
    {"output": "1 2\n3", "code": "print(1, 2)\nprint(3)"},
    {"output": "2", "code": "print(2)"},
    {"output": "3", "code": "print(3)"},
]
PRINTED = """
.. rst-class:: sphx-glr-script-out

 .. code-block:: none

    before
    1 2
    3
"""


def text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def texts(parent: html.HtmlElement, path: str) -> list[str]:
    return [text(found) for found in parent.xpath(path)]


def written_and_executed(course: Project, language: str) -> list[html.HtmlElement]:
    found = course.tree(language, KINDS).xpath("//div[@class='choice']")
    assert len(found) == 2
    return found


def test_written_answers_have_letters_and_folded_explanations(course: Project) -> None:
    asked, _ = written_and_executed(course, "en")
    assert asked.xpath("string(fieldset/legend)") == "What is 7 // 2?"
    assert texts(asked, "fieldset/ol/li") == ["A 3.5", "B three, or 3"]
    assert asked.xpath("fieldset/ol//code//text()") == ["3"]
    assert asked.xpath("string(details/summary)") == "Answer"
    assert not asked.xpath("details/@open")
    reasons = asked.xpath("details/div")
    assert [reason.get("data-verdict") for reason in reasons] == ["wrong", "right"]
    wanted = ["A Not quite. This is 7 / 2.", "B Right. The quotient is rounded down."]
    assert list(map(text, reasons)) == wanted


def test_executed_answers_are_what_was_printed(course: Project) -> None:
    _, asked = written_and_executed(course, "en")
    answers = asked.xpath("fieldset/ol//samp")
    assert sorted(answer.text for answer in answers) == ["2 4\n3 6", "2 4\n3 9"]
    for answer, reason in zip(answers, asked.xpath("details/div"), strict=True):
        is_right = answer.text == "2 4\n3 9"
        assert reason.get("data-verdict") == ("right" if is_right else "wrong")
        assert ("The squares" in text(reason)) == is_right
        code = reason.xpath(".//pre")
        assert len(code) == (not is_right)
        if code:
            assert "This code prints it:" in text(reason)
            assert text(code[0]).endswith("print(number, number * 2)")
            assert code[0].xpath(".//span[@class='k']"), "it is highlighted"


def test_the_order_does_not_say_which_is_right() -> None:
    firsts = set()
    for number in range(20):
        left = [{"output": f"{number} {i}", "code": ""} for i in range(3)]
        ordered = sorted(left, key=lambda one: choice.place(f"name_{number}", one["output"]))
        firsts.add(left.index(ordered[0]))
    assert firsts == {0, 1, 2}


def test_chinese_page_asks_in_chinese_and_its_memory_is_the_same(course: Project) -> None:
    english, chinese = (written_and_executed(course, language) for language in ("en", "zh"))
    strings = catalogues.load(course.root / "docs/locale", "zh_CN", "site")
    assert text(chinese[0].find("fieldset/legend")) == "7 // 2 是多少？"
    assert texts(chinese[0], "fieldset/ol/li")[1] == "B 三，即 3"
    assert texts(chinese[0], "details/div")[1] == f"B {strings['Right.']} 商向下取整。"
    assert chinese[0].get("data-kept") == strings["Your answer: {letter}. {verdict}"]
    assert "# 两个数都是整数。" in chinese[1].xpath("string(.//pre)")
    for one, other in zip(english, chinese, strict=True):
        assert one.get("data-choice") == other.get("data-choice")
        assert one.xpath("fieldset/ol//samp/text()") == other.xpath("fieldset/ol//samp/text()")


def test_texts_are_extracted_for_translators(templates: Path) -> None:
    kinds = (templates / f"{KINDS}.pot").read_text("utf-8")
    for message in (
        "What *is* ``7 // 2``?",
        "three, or ``3``",
        "The quotient is rounded down.",
        "What does the loop print?",
        "Doubled, not squared.",
    ):
        assert kinds.count(f'msgid "{message}"') == 1
    assert "2 4" not in kinds, "what was printed is the same in all languages"


def test_notebook_has_the_answers_and_a_folded_explanation(course: Project) -> None:
    notebook = json.loads((course.written("en") / f"{KINDS}.ipynb").read_text("utf-8"))
    content = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    assert "What *is* `7 // 2`?\n\n- **A.** 3.5\n\n- **B.** three, or `3`\n\n<details>" in content
    assert "**B.** *Right.* The quotient is rounded down.\n\n</details>" in content
    assert "  ```\n  2 4\n  3 6\n  ```" in content
    assert "This code prints it:\n\n```python\n# Both numbers are\n# integers.\nfor" in content
    script = (course.written("en") / f"{KINDS}.py").read_text("utf-8")
    assert 'run_choices("squares", right=squares, wrong=[doubled])' in script


def test_outputs_are_no_files_of_the_site(course: Project) -> None:
    (left,) = (course.root / "docs" / KINDS).with_suffix(".files").glob("choices_*.json")
    assert "variants" in json.loads(left.read_text("utf-8"))
    assert list((course.root / "build/html").rglob(left.name)) == []


def test_search_finds_explanations_once_and_no_outputs(course: Project) -> None:
    record = json.loads((course.root / f"build/doctrees/en/search/{KINDS}.json").read_text("utf-8"))
    content = json.dumps(record)
    assert content.count("The quotient is rounded down.") == 1
    assert content.count("What does the loop print?") == 1
    assert content.count("print(number, number * 2)") == 1, "in the cell that runs it"
    assert "3 6" not in content


@pytest.mark.parametrize("file", ["choice.js", "choice.css"])
def test_files_are_loaded_where_something_is_asked(course: Project, file: str) -> None:
    site = course.written("en")
    found = {page for page in site.rglob("*.html") if file in page.read_text("utf-8")}
    assert found == {site / f"{KINDS}.html", site / "solutions/lesson_03.html"}


def test_a_page_in_markdown_asks_as_well(course: Project) -> None:
    (asked,) = course.tree("en", "solutions/lesson_03").xpath("//div[@class='choice']")
    assert texts(asked, "fieldset/ol/li") == ["A 2", "B x = 3"]
    assert texts(asked, "fieldset/*")[1] == "It is computed so:", (
        "text between question and answers"
    )


def site(folder: Path, body: str, variants: object = VARIANTS) -> Path:
    """Write a site with one lesson, which was executed and left the outputs of ``loop``."""
    page = f"Title\n=====\n\n{body}\n"
    index = f"Home\n====\n\n.. toctree::\n\n   {LESSON}\n"
    files = {"index.rst": index, f"{LESSON}.rst": page, f"{LESSON}.record.json": "{}"}
    left = {f"{LESSON}.files/choices_loop.json": json.dumps({"variants": variants})}
    return write(folder, files | left)


def indented(body: str) -> str:
    return "\n".join(f"   {line}" for line in body.split("\n"))


ITEMS = "- One.\n\n  Why.\n\n- Two.\n\n  Why not.\n"
MISTAKES = {
    f":right: 3\n\n{ITEMS}": ":right: is 3, but there are 2 answers",
    f":right: 0\n\n{ITEMS}": "right",
    ITEMS: "either :right:, the number of the right item, or :outputs:",
    f":right: 1\n:outputs: loop\n\n{ITEMS}": "either :right:",
    ":right: 1\n\n- One.\n\n  Why.\n": "2 to 4 answers, this one has 1",
    f":right: 1\n\n{ITEMS * 3}": "2 to 4 answers, this one has 6",
    ":right: 1\n\n- One.\n\n- Two.\n\n  Why.\n": "answer 1 has no explanation",
    ":right: 1\n\n- One.\n\n  Why.\n\n- One.\n\n  Why.\n": "two answers are the same: 'One.'",
    ":right: 1\n\n- 1. One.\n\n  Why.\n\n- Two.\n\n  Why.\n": "answer 1 is neither one paragraph",
    ":right: 1\n\nNo list.": "a choice ends with a list",
    ":outputs: no_such\n\n- Why.\n": "has not run anything named 'no_such' (it has: loop)",
    ":outputs: loop\n\n- Why.\n\n- Why not.\n": "has 3 outputs, and there are 2 explanations",
    ":outputs: loop\n\n- Why.\n\n-\n\n- Why not.\n": "explanation 2 is empty",
    ":outputs: loop\n\n- Why.\n\n- No.\n\n- No.\n": "is printed by no cell of this page: '1 2\\n3'",
}


@pytest.mark.parametrize("body", MISTAKES)
def test_mistakes_are_named_with_their_place(tmp_path: Path, body: str) -> None:
    directive = f".. choice:: What is it?\n{indented(body)}"
    built = build(site(tmp_path / "docs", directive), tmp_path / "out", extensions=["_ext.blocks"])
    said = " ".join(built.warnings.split())
    assert MISTAKES[body] in said
    assert re.search(rf"{LESSON}\.rst:\d+: ", said)
    assert said.count(f"{LESSON}.rst:") == 1, "one message"


def test_outputs_belong_to_a_lesson(tmp_path: Path) -> None:
    folder = site(tmp_path / "docs", "Text.")
    page = "Title\n=====\n\n.. choice:: What?\n   :outputs: loop\n\n   - Why.\n"
    write(folder, {"index.rst": f"{page}\n.. toctree::\n\n   {LESSON}\n"})
    built = build(folder, tmp_path / "out", extensions=["_ext.blocks"])
    assert "'loop' can only be run in a lesson" in built.warnings


ASKED = ".. choice:: What?\n   :outputs: loop\n\n   - Why.\n\n   - No.\n\n   - Never.\n"


def test_page_follows_the_outputs(tmp_path: Path) -> None:
    folder = site(tmp_path / "docs", ASKED + PRINTED)
    page = tmp_path / "out" / f"{LESSON}.html"

    def answers() -> set[str]:
        built = build(folder, tmp_path / "out", extensions=["_ext.blocks"])
        assert built.warnings == ""
        return set(html.fromstring(page.read_text("utf-8")).xpath("//ol//samp/text()"))

    assert answers() == {"1 2\n3", "2", "3"}
    site(folder, ASKED + PRINTED, [*VARIANTS[:2], {"output": "4", "code": "print(4)"}])
    assert answers() == {"1 2\n3", "2", "4"}


def test_lesson_that_was_not_executed_asks_nothing(tmp_path: Path) -> None:
    folder = site(tmp_path / "docs", ASKED)
    (folder / f"{LESSON}.record.json").unlink()
    (folder / f"{LESSON}.files/choices_loop.json").unlink()
    built = build(folder, tmp_path / "out", extensions=["_ext.blocks"])
    assert built.warnings == ""
    assert "Never." not in (built.out / f"{LESSON}.html").read_text("utf-8")
