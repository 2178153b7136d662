"""
A tiny lesson
=============

This lesson adds two numbers.
"""

# sphinx_gallery_budget_s = 1
# sphinx_gallery_number = 1
import os
from pathlib import Path

import matplotlib.pyplot as plt
from dlcourse.adding import add

with Path(os.environ["TINY_LOG"]).open("a") as log:
    print("01", file=log)

# %%
# The sum is :math:`1 + 2`, as a figure.

# Draw the sum as a bar.
total = add(1, 2)
fig, ax = plt.subplots(num="One bar as high as the sum.")
ax.bar(["sum"], [total])
ax.set_title("The sum of two numbers")
print("total:", total)
