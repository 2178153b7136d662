"""The small package that the lessons of *PyTorch in Practice* import.

Each module is imported by its own name, for example ``from dlcourse.device import pick_device``:
nothing is re-exported here, so importing one module never pays for another.
"""

__version__ = "0.1.0"
