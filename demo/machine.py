"""Make the given folder look like a machine with Debian's kernel.

Uses a kernel in /boot if there is one, otherwise fetches one, or else uses a small made-up kernel with
modules of its own.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from demo import own
from pymodutils.elf import compress
from pymodutils.signature.appended import END, MAGIC
from tests.oracles.debian import Unavailable
from tests.oracles.trees import linked, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTLED = 3  # seconds until depmod trusts the times of files that were just made
CONFIG = """\
# Somebody's configuration
options e1000e IntMode=1
softdep vfat pre: nls_utf8 nls_cp437
blacklist pcspkr
"""


class Machine(NamedTuple):
    """A release with its modules below the folder, and the sources of its kernel."""

    release: str
    image: Path
    kind: str  # debian or own


def main() -> None:
    """Print the release, the number of modules, the image, and the kind."""
    root = Path(sys.argv[1])
    machine = make(root)
    (root / "etc/modprobe.d").mkdir(parents=True)
    (root / "etc/modprobe.d/demo.conf").write_text(CONFIG if machine.kind == "debian" else "")
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/sys/kernel/osrelease").write_text(f"{machine.release}\n")
    (root / "proc/modules").touch()
    (root / "sys/module").mkdir(parents=True)
    stranger = root / "stranger.ko"
    stranger.write_bytes(_stranger(root, machine))
    time.sleep(SETTLED)
    count = len(list((root / "lib/modules" / machine.release).rglob("*.ko*")))
    print(machine.release, count, machine.image, machine.kind)


def make(root: Path) -> Machine:
    """The machine below ``root``."""
    for release, image in _installed():
        modules = Path("/lib/modules") / release
        shutil.copytree(modules, root / "lib/modules" / release, symlinks=True)
        return Machine(release, image, "debian")
    try:
        found = tree("amd64")
    except Unavailable as reason:
        print(f"{reason}: a kernel of our own instead", file=sys.stderr)
        return Machine(own.RELEASE, own.make(root), "own")
    linked(found, root)
    return Machine(found.version, next((found.root / "boot").glob("vmlinuz-*")), "debian")


def _installed() -> Iterator[tuple[str, Path]]:
    """The kernels of this machine that have modules."""
    for image in sorted(Path("/boot").glob("vmlinuz-*-amd64"), reverse=True):
        release = image.name.removeprefix("vmlinuz-")
        if Path("/lib/modules", release, "kernel/fs/fat/vfat.ko").exists():
            yield release, image


def _stranger(root: Path, machine: Machine) -> bytes:
    """An unsigned module of this kernel, with the vermagic of another configuration."""
    path = next((root / "lib/modules" / machine.release).rglob("dummy.ko*"))
    data = compress.read(str(path))
    if data.endswith(MAGIC):
        size = int.from_bytes(data[-len(MAGIC) - 4 : -len(MAGIC)], "big")
        data = data[: -END - size]
    return data.replace(b" SMP preempt ", b" SMP PREEMPT ").replace(b" SMP mod_unload", b" UP_ mod_unload")


if __name__ == "__main__":
    main()
