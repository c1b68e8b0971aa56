"""init() of modules for arm64 in QEMU, on hardware as small as that of the machine.

The guest is a busybox; the device tree is the machine's own, with QEMU's addresses and a serial port.
"""

from __future__ import annotations

import re
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from struct import pack

from pymodutils.elf import compress
from pymodutils.machine.arm64 import start
from pymodutils.machine.devicetree import Tree, cells, flatten
from tests.lanes import foreign, qemu
from tests.lanes.guest.inits import NO_RETURN
from tests.lanes.outcomes import OWN, Outcome, lines
from tests.lanes.qemu import Archive
from tests.oracles.debian import unpacked

NAME = "arm64"
DISTRIBUTOR, CPU_INTERFACE, GIC_SIZE = 0x0800_0000, 0x0801_0000, 0x1_0000
SERIAL, SERIAL_SIZE, RAM = 0x0900_0000, 0x1000, 0x4000_0000
MEMORY = 512 << 20
CLOCK, HERTZ = 2, 24_000_000
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


def boot(image: Path, batch: Sequence[list[str]]) -> Iterator[tuple[str, Outcome]]:
    """The outcomes of one boot; raises qemu.Ended where a module ends it, RuntimeError if it does not begin."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _initramfs(folder / "initrd", batch)
        (folder / "tree").write_bytes(flatten(_tree()))
        machine = foreign.Machine(
            *(NAME, "qemu-system-arm", "qemu-system-aarch64"),
            ("-M", "virt", "-cpu", "cortex-a57", "-dtb", str(folder / "tree")),
            "ttyAMA0",
        )
        words = " ".join(word for word in start.CMDLINE.split() if not OWN.match(word))
        with foreign.running(machine, folder, image, words) as guest:
            said = qemu.said(guest, folder / "console")
            yield from _outcomes((line.decode("utf-8", "replace").rstrip() for line in said), batch)


def _tree() -> Tree:
    found = start.tree(MEMORY, b"")
    del found["timer"]["clock-frequency"]
    del found["memory@0"]
    found["memory"] = {"device_type": b"memory\0", "reg": pack(">QQ", RAM, MEMORY)}
    found["intc"]["reg"] = pack(">QQQQ", DISTRIBUTOR, GIC_SIZE, CPU_INTERFACE, GIC_SIZE)
    found["clock"] = {
        "compatible": b"fixed-clock\0",
        "#clock-cells": cells(0),
        "clock-frequency": cells(HERTZ),
        "phandle": cells(CLOCK),
    }
    found["serial"] = {
        "compatible": b"arm,pl011\0arm,primecell\0",
        "reg": pack(">QQ", SERIAL, SERIAL_SIZE),
        "interrupts": cells(0, 1, 4),
        "clocks": cells(CLOCK, CLOCK),
        "clock-names": b"uartclk\0apb_pclk\0",
    }
    return found


def _initramfs(path: Path, wanted: Sequence[list[str]]) -> None:
    busybox = next(unpacked("busybox-static", arch=NAME).rglob("bin/busybox"))
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
