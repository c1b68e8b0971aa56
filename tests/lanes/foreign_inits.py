"""init() of modules for arm64 in QEMU, on hardware as small as that of the machine.

The guest is a busybox; the device tree is the machine's own, with QEMU's addresses and a serial port.
``python -m tests.lanes.foreign_inits [COUNT]`` compares COUNT modules, or all, and prints each that differs.
"""

from __future__ import annotations

import re
import stat
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from struct import pack

from pymodutils.elf import compress
from pymodutils.machine.arm64 import start
from pymodutils.machine.arm64.start import Tree, cells
from tests.lanes import foreign, inits
from tests.lanes.guest.inits import NO_RETURN
from tests.lanes.inits import BATCH, OWN, Outcome, lines
from tests.lanes.qemu import Archive
from tests.oracles import kernels
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
    echo "{foreign.MARK}end $number $file $code"
    dmesg -c | sed 's/^/{foreign.MARK}log /'
    for name in $loaded; do
        rmmod $name 2>/dev/null || break
    done
done
echo "{foreign.READY}"
sleep 10000
"""
KILLED = 128 + 9  # what a shell says of a process that an oops has killed, at least
STAMP = re.compile(r"^(<\d+>)?\[ *\d+\.\d+\] ")


def there(image: Path, wanted: Sequence[list[str]]) -> dict[str, Outcome]:
    """The outcomes in QEMU, one module after the other, BATCH in one boot."""
    found: dict[str, Outcome] = {}
    for first in range(0, len(wanted), BATCH):
        found |= dict(_boot(image, wanted[first : first + BATCH]))
    return found


def _boot(image: Path, wanted: Sequence[list[str]]) -> Iterator[tuple[str, Outcome]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _initramfs(folder / "initrd", wanted)
        (folder / "tree").write_bytes(start.flatten(_tree()))
        machine = foreign.Machine(
            *(NAME, "qemu-system-arm", "qemu-system-aarch64"),
            ("-M", "virt", "-cpu", "cortex-a57", "-dtb", str(folder / "tree")),
            "ttyAMA0",
        )
        words = " ".join(word for word in start.CMDLINE.split() if not OWN.match(word))
        with foreign.running(machine, folder, image, words) as guest:
            said = foreign.heard(guest, folder / "console", time.monotonic() + 3000)
    yield from _outcomes(said, wanted)


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


def _outcomes(said: Sequence[list[str]], wanted: Sequence[list[str]]) -> Iterator[tuple[str, Outcome]]:
    """What the guest said of each chain: an end, and the log before the next one."""
    logs: dict[int, list[str]] = {}
    ends: dict[int, tuple[str, int]] = {}
    number = 0
    for kind, *words in said:
        if kind == "end":
            number = int(words[0])
            code = int(words[2])  # busybox exits with the errno
            ends[number] = words[1], NO_RETURN if code >= KILLED else code
        elif kind == "log":
            logs.setdefault(number, []).append(STAMP.sub("", " ".join(words)))
    for number, (file, code) in ends.items():
        chain = wanted[number - 1]
        at = next(path for path in chain if _name(path) == file)
        yield chain[-1], Outcome(at, code, lines(logs.get(number, ())))


def differences(count: int) -> tuple[int, dict[str, str]]:
    """How many of the kernel's modules were compared; what differs, by module."""
    kernel = kernels.kernel(NAME)
    wanted = inits.chains(kernel, count)
    ours, theirs = inits.here(kernel.image, wanted), there(kernel.image, wanted)
    return len(theirs), inits.compared(_plain(ours), _plain(theirs))


def _plain(outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """``outcomes`` without what differs by the way they are heard: spaces, the log of an oops."""
    return {
        path: it._replace(
            log=() if it.errno == NO_RETURN else tuple(" ".join(line.split()) for line in it.log)
        )
        for path, it in outcomes.items()
    }


def main(count: str = "0") -> None:
    """Print what differs."""
    compared, found = differences(int(count))
    print(f"{NAME}: {compared - len(found)} of {compared} equal")  # noqa: T201 -- a command
    for module, how in found.items():
        print(f"  {module}: {how}")  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
