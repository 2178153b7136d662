"""What goes wrong with an asset, for users and between the modules of this package."""


class AssetError(RuntimeError):
    """An asset is unknown, cannot be had, or is not what it should be.

    The message says which asset or file, what was wrong and what to do.

    Examples
    --------
    >>> from dlcourse import assets
    >>> try:
    ...     assets.path("mnits")
    ... except assets.AssetError as error:
    ...     print(error)
    unknown asset 'mnits'; did you mean 'mnist'? `python -m dlcourse assets list` shows all names
    """


class SourceError(Exception):
    """One source could not deliver; the next one may."""
