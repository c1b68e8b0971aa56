"""Memory and descriptors after many restores and loads in one process.

``python -m tests.lanes.restores [COUNT]`` prints both after each tenth of COUNT (10,000).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pymodutils import LiveKernel
from tests.oracles import debian

MODULES = ("dummy", "fat", "nlmon", "veth")


class Usage(NamedTuple):
    """The resources of this process after ``done`` restores: bytes, and open descriptors."""

    done: int
    memory: int
    descriptors: int


def usage(done: int) -> Usage:
    """The current resources."""
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return Usage(done, resident * os.sysconf("SC_PAGE_SIZE"), len(os.listdir("/proc/self/fd")))


def play(count: int, step: int) -> Iterator[Usage]:
    """Restore the cloud kernel and load a module, ``count`` times; the resources after each ``step``."""
    package = debian.unpacked(debian.newest("linux-image-cloud-amd64"))
    files = [next(package.rglob(f"{name}.ko")) for name in MODULES]
    with LiveKernel.boot(next(package.glob("boot/vmlinuz-*"))) as kernel:
        for done in range(1, count + 1):
            kernel.reset()
            kernel.insert(str(files[done % len(files)]), "")
            if not done % step:
                yield usage(done)


def main(words: Sequence[str]) -> None:
    """Print the resources."""
    count = int(words[0]) if words else 10_000
    start = time.process_time()
    for it in play(count, max(1, count // 10)):
        each = (time.process_time() - start) / it.done * 1000
        print(f"{it.done:,}: {it.memory >> 20} MiB, {it.descriptors} descriptors, {each:.1f} ms each")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
