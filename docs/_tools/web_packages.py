"""Install the web packages of the site: ``python docs/_tools/web_packages.py``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _ext.common.node import NodeError, ensure

if __name__ == "__main__":
    try:
        ensure()
    except NodeError as error:
        sys.exit(str(error))
