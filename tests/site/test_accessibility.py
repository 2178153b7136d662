"""axe-core finds nothing serious on any kind of page, light or dark, on a phone or on a desk."""

from __future__ import annotations

import pytest
from built_site import LANGUAGES

#: Two things are the theme's own. The search button shows its keyboard shortcut, which is no part
#: of its name; the toggles of the sidebar have no name, but stand beside the link that names them.
RUN = """async () => {
  const { violations } = await axe.run(
    { exclude: ['.bd-sidebar-primary details > summary'] },
    { rules: { 'label-content-name-mismatch': { enabled: false } } },
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.target}`));
}"""


@pytest.fixture
def serious_problems(web_tools):
    """A function that returns what axe-core calls serious or critical on an open page."""

    def serious_problems(page) -> list[str]:
        page.add_script_tag(path=web_tools / "axe-core" / "axe.min.js")
        return page.evaluate(RUN)

    return serious_problems


@pytest.mark.parametrize("folder", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280], ids=["phone", "desk"])
@pytest.mark.parametrize("name", ["index.html", "search.html", "lesson"])
def test_page_is_accessible(built, open_page, serious_problems, folder, scheme, width, name):
    target = built.lessons(folder)[0] if name == "lesson" else f"{folder}/{name}"
    viewport = {"width": width, "height": 800}
    page = open_page(target, viewport=viewport, color_scheme=scheme).page
    problems = serious_problems(page)
    assert not problems, "\n".join(problems)


def test_problems_are_noticed(open_page, serious_problems):
    page = open_page("en/index.html").page
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\">')")
    assert any(problem.startswith("image-alt") for problem in serious_problems(page))
