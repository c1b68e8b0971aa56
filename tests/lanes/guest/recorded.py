"""In a guest: a boot with udev and our modprobe, then the profile of the machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pymodutils import Root
from pymodutils.profile import document, live

ROUNDS = 3  # a driver brings devices that want drivers, too


def main(tree: str) -> str:
    """The profile as JSON; ``tree`` is the module directory."""
    os.makedirs("/usr/lib/modules", exist_ok=True)
    if not os.path.exists("/lib"):
        os.symlink("usr/lib", "/lib")
    os.symlink(tree, f"/lib/modules/{os.uname().release}")
    for _ in range(ROUNDS):
        modprobe("-q", "-b", "-a", *aliases())
    return document.dumps(live.read(Root()))


def aliases() -> list[str]:
    """The names of the machine's devices."""
    found = {path.read_text().strip() for path in Path("/sys/devices").rglob("modalias")}
    return sorted(found - {""})


def modprobe(*words: str) -> None:
    """Our modprobe in a process of its own."""
    child = os.fork()
    if child == 0:
        from pymodutils.cli import main as run  # noqa: PLC0415 -- it ends the process

        sys.argv = ["modprobe", *words]
        run()
    os.waitpid(child, 0)
