"""Commands that the configuration runs instead of loading and removing modules."""

from __future__ import annotations

import os
import signal
from typing import Final

MODULE_VARIABLE: Final = "MODPROBE_MODULE"
LOCALE: Final = "LC_CTYPE"  # which Python sets in the C locale
IGNORED: Final = (signal.SIGPIPE, signal.SIGXFSZ)  # by Python; a command gets the default, as from kmod


def command(line: str, module: str) -> int:
    """How ``sh -c line``, which loads or removes ``module``, ended: 0, its status, or a negative signal."""
    os.environ[MODULE_VARIABLE] = module
    if _is_pythons(LOCALE):
        del os.environ[LOCALE]
    try:
        for number in IGNORED:
            signal.signal(number, signal.SIG_DFL)
        ended = os.waitstatus_to_exitcode(os.system(os.fsencode(line)))  # noqa: S605 -- as configured
    finally:
        for number in IGNORED:
            signal.signal(number, signal.SIG_IGN)
        del os.environ[MODULE_VARIABLE]
    return ended


def how(ended: int) -> str:
    """How ``command`` ended, as kmod prints it."""
    return f"retcode {ended}" if ended > 0 else f"killed by signal {-ended}"


def _is_pythons(variable: str) -> bool:
    """Whether ``variable`` was not in the environment that this process was started with."""
    try:
        with open("/proc/self/environ", "rb") as file:
            started = file.read().split(b"\0")
    except OSError:
        return False
    return variable in os.environ and not any(word.startswith(f"{variable}=".encode()) for word in started)
