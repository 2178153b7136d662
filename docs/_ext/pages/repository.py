"""Links from a page to the project's repository: its source, its notebook, a report.

All of them come from one setting, ``course_repository``: the address of the repository. Where it
is empty there are no such links, because nobody could follow them.
"""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.util.typing import ExtensionMetadata

from _ext.common.languages import LANGUAGES
from _ext.course.lessons import is_lesson, source_path
from _ext.translation import interface
from _ext.translation.switcher import UNLISTED

SOURCE_BRANCH = "main"
COLAB = "https://colab.research.google.com/github"

_REPOSITORY = re.compile(r"https://[\w.-]+(:\d+)?/[\w.-]+/[\w.-]+")


def _check(app: Sphinx, config: Config) -> None:
    """Refuse an address from which no link can be made."""
    address: str = config.course_repository
    if address and (not _REPOSITORY.fullmatch(address) or address.endswith(".git")):
        raise ConfigError(
            f"conf.py: course_repository (DLCOURSE_REPOSITORY_URL) is {address!r}; give it as "
            "https://HOST/OWNER/NAME, with nothing behind the name, or leave it empty"
        )


def edit_url(app: Sphinx, docname: str) -> str:
    """Return the address at which a page can be edited; empty without a repository."""
    repository = app.config.course_repository
    path = quote(source_path(app.env, docname))
    return repository and f"{repository}/edit/{SOURCE_BRANCH}/{path}"


def report_url(app: Sphinx, docname: str) -> str:
    """Return the address of a new issue that names page, language and version."""
    repository, config = app.config.course_repository, app.config
    page = f"{LANGUAGES[config.language].folder}/{docname}"
    title = f"{page} (version {config.release}): "
    return repository and f"{repository}/issues/new?{urlencode({'title': title}, quote_via=quote)}"


def colab_url(app: Sphinx, docname: str) -> str:
    """Return the address at which Colab opens a lesson; empty where it cannot.

    Colab reads from GitHub, so the notebook has to be on the branch that holds the built site.
    """
    address = urlsplit(app.config.course_repository)
    branch = quote(app.config.course_pages_branch, safe="/")
    if address.netloc != "github.com" or not branch or not is_lesson(docname):
        return ""
    folder = LANGUAGES[app.config.language].folder
    return f"{COLAB}{address.path}/blob/{branch}/{folder}/{quote(docname)}.ipynb"


def _add_links(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    context["repository_links"] = []
    if not app.config.course_repository or pagename in UNLISTED or doctree is None:
        return
    _site = interface.translator(app)
    context["repository_links"] = [
        {"href": edit_url(app, pagename), "label": _site("Edit this page")},
        {"href": report_url(app, pagename), "label": _site("Report a problem")},
    ]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the settings, and the links to each page."""
    app.add_config_value("course_repository", "", "env", str)
    # The branch that holds the built site, from which Colab reads; empty if there is none.
    branch = os.environ.get("DLCOURSE_PAGES_BRANCH", "gh-pages")
    app.add_config_value("course_pages_branch", branch, "env", str)
    app.connect("config-inited", _check)
    app.connect("html-page-context", _add_links)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
