"""
A moving lesson
===============

This lesson moves a point; it follows :doc:`/lessons/1_part/lesson_01_tiny`.
"""

# sphinx_gallery_budget_s = 1
# sphinx_gallery_number = 2
import os
from pathlib import Path

import matplotlib.pyplot as plt
from dlcourse.moving import position
from matplotlib.animation import FuncAnimation

from dlcourse import page_files

with Path(os.environ["TINY_LOG"]).open("a") as log:
    print("02", file=log)
(page_files.folder() / "end.txt").write_text(str(position(2)))

# %%
# The point moves to the right.

fig, ax = plt.subplots(num="A point that moves to the right.")
(point,) = ax.plot([0], [0], "o")
ax.set_xlim(-1, 3)


def draw(step):
    point.set_xdata([position(step)])
    ax.set_title(f"The point at step {step}")


animation = FuncAnimation(fig, draw, frames=3, interval=100)
