"""``python -m dlcourse``: the commands of the package."""

import argparse
import sys
from collections.abc import Sequence

from dlcourse.assets import _cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``python -m dlcourse``; by default those of this process.

    Returns
    -------
    int
        0 if all went well, 1 if not; argparse itself ends with 2 at a wrong command.

    Examples
    --------
    >>> from dlcourse.__main__ import main
    >>> main(["assets", "list"])  # doctest: +ELLIPSIS
    NAME ...
    0
    """
    parser = argparse.ArgumentParser(
        prog="python -m dlcourse", description="The small package behind PyTorch in Practice."
    )
    _cli.add_parser(parser.add_subparsers(required=True, metavar="COMMAND"))
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except KeyboardInterrupt:
        print("interrupted; what was fetched so far is kept", file=sys.stderr)
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
