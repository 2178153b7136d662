"""The package of the tiny course."""

__version__ = "0.1.0"
