"""Boot User Mode Linux, run command lines in it, and show their output."""

from __future__ import annotations

import sys

from tests.lanes import uml
from tests.oracles.debian import Unavailable
from tests.oracles.trees import tree

LINES = (
    "uname -sr",
    "modprobe -v vfat",
    "lsmod",
    "rmmod fat",
    "modprobe -r -v vfat",
    "modprobe dummy numdummies=2",
    "ls /sys/class/net",
    "cat /sys/module/dummy/refcnt; rmmod --wait=5 dummy; lsmod",
    "modprobe --first-time dummy; modprobe --first-time dummy",
    "insmod /etc/hostname",
    "modprobe nosuch",
)


def main() -> int:
    """Print everything; 0 if the kernel is available."""
    bold, plain = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    try:
        shown = uml.run("demo.guest:main", str(tree("uml").modules), LINES)
    except Unavailable as reason:
        print(f"skipped: {reason}")
        return 1
    for line, output, status in shown:
        print(f"{bold}$ {line}{plain}\n{output}", end="")
        print(f"(exit status {status})\n" if status else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
