"""Settings of the site, and nothing but settings: what the site *does* is in docs/_ext."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "docs"))

import dlcourse

project = "PyTorch in Practice"
author = "The PyTorch in Practice authors"
copyright = "2026, the PyTorch in Practice authors"
version = release = dlcourse.__version__

extensions = [
    "_ext.pages.quick_start",  # in front of what it keeps from being loaded
    "sphinx.ext.autodoc",
    "sphinx.ext.extlinks",
    "sphinx.ext.napoleon",
    "myst_nb",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
rooms = "course execution figures translation widgets blocks lesson_page downloads search formulas pages"
extensions += [f"_ext.{room}" for room in rooms.split()]  # ours, in docs/_ext

# Where the site is served. Publishing sets the variable; the default is `nox -s serve`.
html_baseurl = os.environ.get("DLCOURSE_SITE_URL", "http://127.0.0.1:8000/")
# Where the source is published, as https://HOST/OWNER/NAME; empty leaves out the links to it.
course_repository = os.environ.get("DLCOURSE_REPOSITORY_URL", "")
course_pages_branch = "gh-pages"  # holds the built site, from which Colab reads notebooks

exclude_patterns = [
    "_*",
    "locale",
    "lessons/**/*.ipynb",  # sphinx-gallery's own: myst-nb would execute them
]
nitpicky = True
# sphinx-gallery would warn of a space anywhere in the path, also in the name of a reader's folder.
suppress_warnings = ["sphinx_gallery.space_in_filename"]
templates_path = ["docs/_templates"]

# -- languages -------------------------------------------------------------------------------
locale_dirs = ["locale"]
gettext_compact = False
figure_language_filename = "{root}.{language}{ext}"

# -- lessons: sphinx-gallery -----------------------------------------------------------------
sphinx_gallery_conf = {
    "examples_dirs": "../gallery",
    "gallery_dirs": "lessons",
    "filename_pattern": r"lesson_\d\d_",
    "ignore_pattern": r"__init__\.py",
    "css": [],
    "image_scrapers": ("_ext.execution.gallery.scrape",),
    "within_subsection_order": "FileNameSortKey",
    "reset_modules": (),  # before a lesson that is executed, see `execution/lesson`
    "min_reported_time": 10**9,  # running times have a place of their own
    "show_signature": False,
    "remove_config_comments": True,
    "inspect_global_variables": False,
    "download_all_examples": False,
    "write_computation_times": False,
    "thumbnail_size": (640, 400),
}

course_processes = 2  # that execute lessons and pages with code, see docs/_tools/execute.py

# -- notebooks: myst-nb ----------------------------------------------------------------------
nb_execution_mode = "cache"
nb_execution_cache_path = str(ROOT / "build" / "cache" / "notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_mime_priority_overrides = [("gettext", "image/png", 5)]  # or their alt texts are not extracted
myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# -- API reference ---------------------------------------------------------------------------
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
extlinks = {
    "torch": ("https://docs.pytorch.org/docs/stable/generated/%s.html", "%s"),
}

# -- HTML ------------------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_static_path = ["docs/_static"]
html_css_files = ["identity.css", "course.css", "home.css", ("print.css", {"media": "print"})]
html_favicon = "docs/_static/favicon.svg"
html_title = "PyTorch in Practice"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_use_index = html_domain_indices = False
html_context = {"default_mode": "auto"}
no_sidebar = "404 index opening closing setup glossary datasets ledger errors about search"
html_sidebars: dict[str, list[str]] = {name: [] for name in no_sidebar.split()}
html_theme_options = {
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-dark",  # comments have a colour of their own
    "navbar_start": ["course-logo"],
    "navbar_center": ["navbar-nav"],
    "navbar_persistent": ["search-button", "language-switcher"],  # on phones too
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 3,
    "primary_sidebar_end": [],
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "article_footer_items": ["lesson-foot", "lesson-download-links", "repository-links"],
    "show_toc_level": 2,  # nothing unfolds, and moves, while one reads
    "footer_start": ["course-footer"],
    "footer_end": [],
}
