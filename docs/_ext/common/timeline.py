"""What happens when: names for the priorities of our functions at Sphinx's events.

At an event the functions with smaller numbers come first. What is not named here has Sphinx's own
number, 500, and may come in any order among its like.
"""

from __future__ import annotations

# -- config-inited
#: Before Sphinx derives other settings from those that are translated.
TRANSLATE_SETTINGS = 100

# -- builder-inited
FIRST = 0
CHECK_FONT = 100
PREPARE_LESSONS = 400
#: sphinx-gallery makes the pages of the lessons, and myst-nb its settings, at 500.
AFTER_GALLERY = 600
TRANSLATE_FIGURES = 700
#: English has made the pages of the lessons: the other languages may begin.
HAND_OVER = 1000

# -- doctree-read
#: The text is translated, and Sphinx has emptied the metadata of the page.
READING_TIME = 600

# -- doctree-resolved
#: Interactive figures, choices and rows get their words before the downloads are written.
FILL_WIDGETS = 400
#: What is put on the page alone comes after the downloads were written, at 500: the head of a lesson,
#: and above it the note that it was not executed.
LESSON_HEADER = 600
LESSON_NOTE = 610
FORMULAS = 900
#: The search takes the page as it will be read.
SEARCH = 950

# -- html-page-context
INTERFACE_STRINGS = 100
LANGUAGE_LINKS = 300
#: Scripts of widgets and blocks, before others look through the scripts of the page.
WIDGET_SCRIPTS = 400
#: Before the tags for other sites are written.
DESCRIBE = 400
#: After all scripts were added, and the theme made its functions.
LAST_LOOK = 900

# -- build-finished
WRITE_SEARCH = 100
#: From here on a language writes what belongs to all: it waits until English has ended.
WAIT_FOR_ENGLISH = 200
