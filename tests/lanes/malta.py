"""Debian's MIPS kernels in QEMU without kvm: run a shell script with modules."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pymodutils.arch.mips import ARCHS
from pymodutils.arch.model import Arch
from tests.lanes.qemu import Archive
from tests.lanes.uml import console
from tests.oracles.debian import unpacked
from tests.oracles.kernels import kernel

BUSYBOX = "/bin/busybox"
PROLOGUE = f"""#!{BUSYBOX} sh
{BUSYBOX} --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
"""
MARK = "@ "  # before what the script has to say
MACHINE = [
    *("-M", "malta", "-accel", "tcg", "-m", "256", "-vga", "none"),
    *("-nographic", "-no-reboot", "-nic", "none", "-monitor", "none"),
    *("-append", "console=ttyS0 panic=-1 quiet nokaslr rdinit=/init"),
]


class Malta(NamedTuple):
    """A kernel and its machine."""

    name: str  # of the kernel, and of the architecture in Debian
    arch: Arch
    qemu: str
    cpu: str
    segment: str  # what the addresses of modules begin with, in the shell's eyes
    core: int  # what is to be added to the rest for their places in /proc/kcore


MALTA = (
    Malta("mipsel", ARCHS[1], "qemu-system-mipsel", "24Kf", "0xc", 0x4000_2000),
    Malta("mips64el", ARCHS[3], "qemu-system-mips64el", "5KEc", "0xffffffff", 0x6FFF_FFFF_0000_2000),
)


def run(malta: Malta, script: str, files: Mapping[str, bytes], seconds: float = 300) -> list[list[str]]:
    """The words of each line marked by ``script``, run as root with ``files`` in /m; raises Unavailable."""
    qemu = unpacked("qemu-system-mips") / "usr/bin" / malta.qemu
    busybox = unpacked("busybox-static", arch=malta.name) / "bin/busybox"
    with tempfile.TemporaryDirectory() as folder:
        initrd = Path(folder, "initrd")
        with initrd.open("wb") as out:
            archive = Archive(out)
            for name in ("/bin", "/proc", "/sys", "/dev", "/m"):
                archive.entry(name, stat.S_IFDIR | 0o755)
            archive.entry("/init", stat.S_IFREG | 0o755, f"{PROLOGUE}{script}\npoweroff -f\n".encode())
            archive.entry(BUSYBOX, stat.S_IFREG | 0o755, busybox.read_bytes())
            for name, content in files.items():
                archive.entry(f"/m/{name}", stat.S_IFREG | 0o644, content)
            archive.close()
        words = [str(qemu), *MACHINE, "-cpu", malta.cpu, "-kernel", str(kernel(malta.name).image)]
        printed = console([*words, "-initrd", str(initrd)], seconds).decode("utf-8", "replace")
    return [line.removeprefix(MARK).split() for line in printed.splitlines() if line.startswith(MARK)]


def dump(malta: Malta, module: str, section: str, size: str) -> str:
    """Shell commands that print the address and contents of a section, if it is in memory."""
    return f"""
if [ -f /sys/module/{module}/sections/{section} ]; then
    at=$(cat /sys/module/{module}/sections/{section})
    echo "{MARK}section {module} {section} $at" \\
        $(od -A n -v -t x1 -j $((0x${{at#{malta.segment}}} + {malta.core})) -N {size} /proc/kcore | tr -d ' \\n')
fi"""
