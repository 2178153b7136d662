"""A process that the driver of the build starts ends with it, however that ends."""

from __future__ import annotations

import os
import threading
import time

WAIT_S = 0.05


def end_with(driver: int) -> None:
    """End this process when the one that started it is gone, even if that was killed.

    Parameters
    ----------
    driver : int
        The process that started this one.
    """

    def watch() -> None:
        while os.getppid() == driver:
            time.sleep(WAIT_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
