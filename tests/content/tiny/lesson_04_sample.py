"""
04 · A sample
=============

What does a sum keep?

.. grid:: 2

   .. grid-item-card:: You will be able to

      - one
      - two
      - three

   .. grid-item-card:: Before you start

      - one
      - two
      - three
"""

# sphinx_gallery_number = 4
# sphinx_gallery_budget_s = 15
# sphinx_gallery_needs = []
# sphinx_gallery_assets = []
# sphinx_gallery_thumbnail_number = 1

# %%
# Set-up
# ------
#
# All random numbers come from one seed.

import matplotlib.pyplot as plt
import torch

from dlcourse.page_files import run_choices, run_then_and_now

generator = torch.Generator().manual_seed(4)

# %%
# The generator is passed to what draws.
#
# Look at the data
# ----------------
#
# Our data are six numbers in two rows.

x = torch.arange(6).reshape(2, 3)
print(x)

# %%
# Two rows have three columns each. A picture shows the same.
#
# .. fold:: How the figure is drawn

alt = "A table of two rows and three columns."
fig, ax = plt.subplots(num=alt)
image = ax.imshow(x)

# %%
# Predict
# -------
#
# .. choice:: Which axis disappears with ``dim=0``?
#    :right: 1
#
#    - The first.
#
#      It is the axis of the rows.
#
#    - The second.
#
#      That would be ``dim=1``.
#
# Build it
# --------
#
# The sum goes along the first axis.

print(x.sum(dim=0))

# %%
# One sum stands for each column.
#
# .. choice:: What does it print?
#    :outputs: columns
#
#    - One number for each column.
#
#    - One number for each row.
#
# .. fold:: The code of the choices


def over_rows():
    print(x.sum(dim=0))


def over_columns():
    print(x.sum(dim=1))


run_choices("columns", right=over_rows, wrong=[over_columns])

# %%
# Check against PyTorch
# ---------------------
#
# .. fold:: Checked by hand

assert x.sum(dim=0).tolist() == [3, 5, 7]

# %%
# Use it
# ------
#
# Break it
# --------
#
# Then and now
# ------------
#
# .. then-and-now:: rows
#
#    - Removed long ago.
#
# .. fold:: The rows, run as they are written

run_then_and_now("rows", [("x.summ()", "x.sum()")], globals())

# %%
# What you learned
# ----------------
#
# - One thing.
# - Another.
#
# Self-checks
# -----------
#
# .. choice:: One?
#    :right: 1
#
#    - Yes.
#
#      It is.
#
#    - No.
#
#      It is.
#
# .. choice:: Two?
#    :right: 1
#
#    - Yes.
#
#      It is.
#
#    - No.
#
#      It is.
#
# Exercises
# ---------
#
# Solutions are on :doc:`their page </solutions/lesson_04>`.
#
# .. code-block:: python
#
#    first = 1
#
# .. code-block:: python
#
#    second = 2
#
# .. code-block:: python
#
#    third = 3
#
# In practice
# -----------
#
# - One.
# - Two.
#
# Going further
# -------------
#
# More is elsewhere.
#
# References
# ----------
#
# - `One <https://example.org>`_.
# - Last.
