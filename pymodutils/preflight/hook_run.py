"""Run a preflight from a hook: it warns, and never blocks an upgrade."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from pymodutils.checks.rule_type import Severity
from pymodutils.errors import ModutilsError
from pymodutils.preflight.preflight import PreflightRequest, preflight
from pymodutils.profile import live

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.preflight.result import Preflight
    from pymodutils.root import Root

VARIABLE: Final = "PYMODUTILS_PREFLIGHT"
STRICT: Final = "strict"
SECONDS: Final = 10
STAMP: Final = "/run/pymodutils-preflight"
MODULES: Final = "/lib/modules"
FIRMWARE: Final = "/lib/firmware"


def run(releases: Sequence[str], root: Root, *, changed: bool) -> int:
    """Warn about what the kernels ``releases`` would break; return 1 only in strict mode.

    Without ``releases`` but with ``changed``: every kernel with modules newer than the last run.
    """
    strict = os.environ.get(VARIABLE) == STRICT
    wanted = list(releases) or (_changed(root) if changed else [])
    if not wanted:
        return 0
    try:
        found = _limited(wanted, root)
    except (ModutilsError, OSError, EOFError) as error:
        _report(f"preflight of {', '.join(wanted)} failed: {error}")
        return int(strict)
    lost = sum(_tell(found, outlook.label) for outlook in found.outlooks)
    return int(strict and bool(lost))


def _limited(releases: Sequence[str], root: Root) -> Preflight:
    """The preflight, limited to SECONDS; raises ModutilsError."""
    signal.signal(signal.SIGALRM, _late)
    signal.alarm(SECONDS)
    try:
        firmware = root.path(FIRMWARE)
        place = firmware if os.path.isdir(firmware) else ""
        return preflight(
            PreflightRequest(live.read(root), kernels=releases, firmware=place, boots=False), root
        )
    finally:
        signal.alarm(0)


def _late(*_: Any) -> None:
    raise ModutilsError("preflight", f"it takes more than {SECONDS} s: run 'pymodutils preflight' manually")


def _tell(found: Preflight, label: str) -> int:
    """Print what breaks under ``label``, one line each; return the number of lines."""
    bad = [
        (verdict.title, it)
        for verdict in found.report.verdicts
        for it in verdict.of(Severity.ERROR)
        if verdict.kernel == label
    ]
    for title, it in bad:
        _report(f"{label}: {title}: {it.message}; to do: {it.advice}")
    if bad:
        _report(f"before you boot {label}: pymodutils preflight -k {label}")
    return len(bad)


def _changed(root: Root) -> list[str]:
    """The kernels other than the running one whose modules.dep was installed after the last run.

    By ctime: pacman and rpm set mtime to the time of the build.
    """
    stamp, folder = root.path(STAMP), root.path(MODULES)
    last = os.stat(stamp).st_mtime_ns if os.path.exists(stamp) else 0
    found = []
    for release in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        path = f"{folder}/{release}/modules.dep"
        if release != root.release() and os.path.exists(path) and os.stat(path).st_ctime_ns > last:
            found.append(release)
    try:
        with open(stamp, "w", encoding="ascii"):
            pass
    except OSError:
        return []  # apt run by a user, who cannot install kernels anyway
    return found


def _report(text: str) -> None:
    sys.stderr.write(f"pymodutils: {text}\n".replace("\n", " ").rstrip() + "\n")
