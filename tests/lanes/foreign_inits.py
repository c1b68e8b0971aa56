"""init() of modules for arm64 and riscv64 in QEMU, on hardware as small as that of the machine.

The guest is a busybox.
"""

from __future__ import annotations

import re
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pymodutils.elf import compress
from pymodutils.machine.arm64 import start as arm64_start
from pymodutils.machine.devicetree import Tree, flatten
from pymodutils.machine.riscv import start as riscv_start
from tests.lanes import foreign, foreign_trees, qemu
from tests.lanes.guest.inits import NO_RETURN
from tests.lanes.outcomes import OWN, Outcome, lines
from tests.lanes.qemu import Archive
from tests.oracles.debian import unpacked

SCRIPT = f"""#!{foreign.BUSYBOX} sh
{foreign.BUSYBOX} --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
dmesg -n 1
echo
for number in $(seq 1 $(cat /m/count)); do
    echo "{foreign.MARK}begin"
    loaded=
    said=
    for file in $(cat /m/$number); do
        dmesg -c >/dev/null
        said=$(insmod /m/$file 2>&1)
        code=$?
        case "$said" in *"File exists"*) continue ;; esac
        [ $code = 0 ] || break
        loaded="${{file%.ko}} $loaded"
    done
    dmesg -c | sed 's/^/{foreign.MARK}log /'
    echo "{foreign.MARK}end $number $file $code"
    for name in $loaded; do
        rmmod $name 2>/dev/null || break
    done
done
echo "{foreign.READY}"
sleep 10000
"""
KILLED = 128 + 9  # what a shell says of a process that an oops has killed, at least
STAMP = re.compile(r"^(<\d+>)?\[ *\d+\.\d+\] ")


class Guest(NamedTuple):
    """A machine of QEMU like the machine in this process: its device tree, and the kernel's command line."""

    machine: foreign.Machine
    tree: Callable[[], Tree]
    cmdline: str


GUESTS = {
    "arm64": Guest(
        foreign.Machine(
            *("arm64", "qemu-system-arm", "qemu-system-aarch64"),
            ("-M", "virt", "-cpu", "cortex-a57"),
            "ttyAMA0",
        ),
        foreign_trees.arm64,
        arm64_start.CMDLINE,
    ),
    "riscv64": Guest(
        foreign.Machine(
            "riscv64", "qemu-system-misc", "qemu-system-riscv64", ("-M", "virt"), "ttyS0", "trixie"
        ),
        foreign_trees.riscv64,
        riscv_start.CMDLINE,
    ),
}


def boot(name: str, image: Path, batch: Sequence[list[str]]) -> Iterator[tuple[str, Outcome]]:
    """The outcomes of one boot of one of GUESTS; raises qemu.Ended where a module ends it.

    RuntimeError if it does not begin.
    """
    guest = GUESTS[name]
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        _initramfs(folder / "initrd", guest.machine, batch)
        (folder / "tree").write_bytes(flatten(guest.tree()))
        options = (*guest.machine.options, "-dtb", str(folder / "tree"))
        words = " ".join(word for word in guest.cmdline.split() if not OWN.match(word))
        with foreign.running(guest.machine._replace(options=options), folder, image, words) as running:
            said = qemu.said(running, folder / "console")
            yield from _outcomes((line.decode("utf-8", "replace").rstrip() for line in said), batch)


def _initramfs(path: Path, machine: foreign.Machine, wanted: Sequence[list[str]]) -> None:
    busybox = next(unpacked("busybox-static", machine.suite, machine.name).rglob("bin/busybox"))
    with path.open("wb") as out:
        archive = Archive(out)
        for name in ("/bin", "/usr", "/usr/bin", "/sbin", "/usr/sbin", "/proc", "/sys", "/dev", "/m"):
            archive.entry(name, stat.S_IFDIR | 0o755)
        archive.entry("/init", stat.S_IFREG | 0o755, SCRIPT.encode())
        archive.entry(foreign.BUSYBOX, stat.S_IFREG | 0o755, busybox.read_bytes())
        archive.text("/m/count", str(len(wanted)))
        for number, chain in enumerate(wanted, 1):
            archive.text(f"/m/{number}", " ".join(_name(it) for it in chain))
        for module in sorted({it for chain in wanted for it in chain}):
            archive.entry(f"/m/{_name(module)}", stat.S_IFREG | 0o644, bytes(compress.read(module)))
        archive.close()


def _name(path: str) -> str:
    return Path(path).name.partition(".ko")[0] + ".ko"


def _outcomes(said: Iterable[str], batch: Sequence[list[str]]) -> Iterator[tuple[str, Outcome]]:
    """What the guest says of each chain: its log, and then its end; raises as boot() does."""
    log: list[str] = []
    printed: list[str] = []
    begun = False
    for line in said:
        kind, _, text = line.removeprefix(foreign.MARK).partition(" ")
        if line == foreign.READY:
            return
        if not line.startswith(foreign.MARK):
            printed.append(line)
        elif kind == "begin":
            log, printed, begun = [], [], True
        elif kind == "log":
            log.append(STAMP.sub("", text))
        elif kind == "end":
            number, file, code = text.split()
            yield _outcome(batch[int(number) - 1], file, int(code), log)
    raise (qemu.Ended if begun else RuntimeError)("\n".join(printed))


def _outcome(chain: list[str], file: str, code: int, log: list[str]) -> tuple[str, Outcome]:
    at = next(path for path in chain if _name(path) == file)
    return chain[-1], Outcome(
        at, NO_RETURN if code >= KILLED else code, lines(log)
    )  # busybox exits with errno
