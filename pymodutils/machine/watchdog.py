"""A limit of CPU time for code that runs without counting instructions, six times as fast.

It stops the processor from another thread, which corrupts its state, so the machine is unusable then.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK: Final = 0.25  # seconds between two checks of the clock


class Watchdog:
    """Calls ``stop`` when this process has used ``seconds`` of CPU time while it is entered."""

    current: Watchdog | None = None  # one processor runs at a time
    _awake = threading.Event()
    _pid = 0  # of the process with the thread, which a forked one does not have

    def __init__(self, seconds: float, stop: Callable[[], None]) -> None:
        self.seconds, self.stop = seconds, stop
        self.until, self.fired = 0.0, False

    def __enter__(self) -> None:
        self.until = time.process_time() + self.seconds
        Watchdog.current = self
        if Watchdog._pid != os.getpid():
            Watchdog._pid = os.getpid()
            threading.Thread(target=_watch, daemon=True, name="pymodutils watchdog").start()
        Watchdog._awake.set()

    def __exit__(self, *_: object) -> None:
        Watchdog.current = None
        Watchdog._awake.clear()

    @classmethod
    def wait(cls) -> None:
        """Sleep until there is something to watch, then for an interval."""
        cls._awake.wait()
        time.sleep(LOOK)


def _watch() -> None:
    while True:
        Watchdog.wait()
        dog = Watchdog.current
        if dog is not None and time.process_time() > dog.until and not dog.fired:
            dog.fired = True
            dog.stop()
