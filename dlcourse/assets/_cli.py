"""``python -m dlcourse assets``: look at the catalogue, fetch, verify."""

import argparse
import sys

from dlcourse import assets
from dlcourse.assets import _cache
from dlcourse.assets._catalogue import Asset


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``assets`` with its own commands to a parser."""
    parser = commands.add_parser(
        "assets",
        help="real data and weights: list, fetch, verify, path",
        description=assets.__doc__,
        epilog="Assets lie in the platform's cache folder, or where the environment variable "
        "DLCOURSE_HOME says. The exit status is 1 if something is wrong.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(required=True, metavar="COMMAND")
    list_ = actions.add_parser("list", help="show what can be had, and what is here")
    list_.set_defaults(run=lambda _: show_list())
    fetch = actions.add_parser("fetch", help="fetch assets that are not yet here")
    fetch.add_argument("names", nargs="*", metavar="NAME", help="an asset's name; see list")
    fetch.add_argument("--all", action="store_true", help="fetch every asset of the catalogue")
    fetch.set_defaults(run=lambda options: run_fetch(fetch, options.names, options.all))
    verify = actions.add_parser("verify", help="compare all files that are here with their digests")
    verify.set_defaults(run=lambda _: run_verify())
    path = actions.add_parser("path", help="print an asset's folder; fetch it if needed")
    path.add_argument("name", metavar="NAME", help="an asset's name; see list")
    path.set_defaults(run=lambda options: run_path(options.name))


def show_list() -> int:
    """Print the catalogue as a table."""
    rows = [("NAME", "SIZE", "HERE", "LICENCE", "TITLE")]
    for asset in assets.catalogue().values():
        size = _cache.megabytes(asset.size)
        rows.append((asset.name, size, _presence(asset), asset.licence, asset.title))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, size, *rest in rows:
        cells = [name.ljust(widths[0]), size.rjust(widths[1])]
        cells += [cell.ljust(width) for cell, width in zip(rest, widths[2:], strict=True)]
        print("  ".join(cells).rstrip())
    print(f"\nThe assets lie in {_cache.home()}")
    return 0


def _presence(asset: Asset) -> str:
    """Say whether an asset's files are there, by their sizes only: `verify` looks inside."""
    folder = _cache.home() / asset.name
    found = [
        (folder / file.path).is_file() and (folder / file.path).stat().st_size == file.size
        for file in asset.files
    ]
    return "yes" if all(found) else "partly" if any(found) else "no"


def run_fetch(parser: argparse.ArgumentParser, names: list[str], everything: bool) -> int:
    """Fetch assets; one that cannot be had does not stop the others."""
    if bool(names) == everything:
        parser.error("give the names of assets, or --all")
    status = 0
    for name in assets.catalogue() if everything else dict.fromkeys(names):
        try:
            print(f"{name}: {assets.path(name)}", flush=True)
        except assets.AssetError as error:
            status = _complain(error)
    return status


def run_verify() -> int:
    """Report on every asset that is in the cache."""
    found = assets.verify()
    for name, problems in found.items():
        print(f"{name}: {'not right' if problems else 'right'}")
        for file, problem in problems.items():
            print(f"  {file}: {problem}")
    broken = [name for name, problems in found.items() if problems]
    if broken:
        print(
            f"`python -m dlcourse assets fetch {' '.join(broken)}` fetches what is not right again"
        )
    elif not found:
        print(f"there are no assets in {_cache.home()}")
    return 1 if broken else 0


def run_path(name: str) -> int:
    """Print the folder of an asset, and nothing else."""
    try:
        print(assets.path(name))
    except assets.AssetError as error:
        return _complain(error)
    return 0


def _complain(error: assets.AssetError) -> int:
    """Print an error and return the exit status that belongs to it."""
    print(f"error: {error}", file=sys.stderr, flush=True)
    return 1
