"""What do the pages weigh, and what does Lighthouse think of them? Median of some runs, as a phone.

Run it with ``nox -s bench -- pages``: the home page and some lessons of the built site, served on
this machine with gzip. Lighthouse simulates a slow phone on a slow network; what other hosts would
send is counted as requests.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "docs")]

import lighthouse_table

import lighthouse
from _ext.common import node
from built_site import BuiltSite, html_root
from web_server import serving

WEB = ROOT / "tests" / "site" / "web"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=3, help="how often (default 3)")
    repeats = parser.parse_args().repeats
    node.ensure(WEB)
    site = BuiltSite(html_root())
    rows = {}
    with serving(site.root, compress=True) as address:
        for page in lighthouse.pages(site):
            reports = [lighthouse.run(address + page, WEB / "node_modules") for _ in range(repeats)]
            rows[page] = lighthouse_table.median(reports)
    print(f"Lighthouse as on a phone, median of {repeats}; texts sent as gzip")
    print("\n".join(lighthouse_table.table(rows)))


if __name__ == "__main__":
    main()
