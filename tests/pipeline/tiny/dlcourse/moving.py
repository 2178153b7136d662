"""Moving."""


def position(step):
    """Return where the point is."""
    return step
