"""init() of a kernel's own modules in this process and in QEMU, on the same command line.

``python -m tests.lanes.inits [COUNT]`` compares COUNT modules of Debian's cloud kernel, or all, and prints
each that differs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pymodutils import LiveKernel, Refused
from pymodutils.kernel.booted import ends, files
from pymodutils.machine.x86_64.start import CMDLINE
from pymodutils.names import normalize
from tests.lanes import qemu
from tests.oracles import debian

OWN = re.compile(r"(rdinit|init|loglevel)=")  # words of the machine that are about no devices
MEASURED = re.compile(
    r"0x[0-9a-f]+|\b[0-9a-f]{16}\b|\d+(\.\d+)? ?(MHz|MB/s|KB|usecs?|ns|ms|cycles|seconds)|, depth.*$"
)
BOOT_NOISE = re.compile(r"speculation|taints kernel|module verification failed")
OTHER_LOG = {  # modules whose lines differ, and why
    "xor": "the fastest way that it measures",
    "raid6_pq": "the fastest way that it measures",
    "pata_legacy": "ISA ports: QEMU has a disk controller there",
}


class Outcome(NamedTuple):
    """What a load came to: errno of the file ``at`` that was the last, 0 for success."""

    at: str
    errno: int
    log: tuple[str, ...]


def image() -> Path:
    """The kernel."""
    return next(debian.unpacked(debian.newest("linux-image-cloud-amd64")).glob("boot/vmlinuz-*"))


def chains(kernel: Path, count: int) -> list[list[str]]:
    """``count`` modules (0: all), each after its dependencies, in the order of loading."""
    every = sorted(map(str, kernel.parent.parent.rglob("*.ko")))
    chosen = every[:: max(1, len(every) // count)] if count else every
    return [[*dict.fromkeys(_needed(path, str(kernel))), path] for path in chosen]


def _needed(path: str, kernel: str) -> list[str]:
    found: list[str] = []
    for needed in files.needed(path, kernel):
        found += [*_needed(needed, kernel), needed]
    return found


def here(kernel: Path, wanted: Sequence[Sequence[str]]) -> dict[str, Outcome]:
    """The outcomes in this process, each on a kernel that has just booted."""
    found = {}
    with LiveKernel.boot(kernel) as booted:
        for chain in wanted:
            booted.reset()
            code, start = 0, 0
            for path in chain:
                _, start = booted.guest.log_end()
                try:
                    booted.insert(path, "")
                except Refused as refused:
                    code = refused.errno
                    break
            lines = tuple(ends.text(line) for line in booted.guest.log(start)[0])
            found[chain[-1]] = Outcome(path, code, _lines(lines))
    return found


def there(kernel: Path, wanted: Sequence[Sequence[str]]) -> dict[str, Outcome]:
    """The outcomes in QEMU, one module after the other."""
    needed = {Path(path) for chain in wanted for path in chain}
    cmdline = " ".join(word for word in CMDLINE.split() if not OWN.match(word))
    call = "tests.lanes.guest.inits:main", list(map(list, wanted))
    said: dict[str, Any] = qemu.run(
        *call,
        files=sorted(needed),
        image=kernel,
        cpu=qemu.LATER_CPU,  # near to unicorn's own, which is qemu64
        cmdline=cmdline,
        seconds=3000,
    )
    return {path: Outcome(it["at"], it["errno"], _lines(it["log"])) for path, it in said.items()}


def _lines(log: Sequence[str]) -> tuple[str, ...]:
    """Lines that a module of the kernel itself can be the cause of, without what is measured."""
    lines = [line.rstrip("\n") for line in log]
    return tuple(MEASURED.sub("N", line) for line in lines if line.strip() and not BOOT_NOISE.search(line))


def differences(count: int) -> tuple[int, dict[str, str]]:
    """How many were compared; what differs, by module."""
    kernel = image()
    wanted = chains(kernel, count)
    ours, theirs = here(kernel, wanted), there(kernel, wanted)
    found = {}
    for path, its in theirs.items():
        name, own = normalize(Path(path).stem), ours[path]
        if (own.at, own.errno) != (its.at, its.errno):
            found[name] = f"{Path(own.at).stem}: {own.errno} here, {Path(its.at).stem}: {its.errno} in QEMU"
        elif own.log != its.log and name not in OTHER_LOG:
            found[name] = f"logs {own.log} here, {its.log} in QEMU"
    return len(wanted), found


def main(words: Sequence[str]) -> None:
    """Print what differs."""
    count, found = differences(int(words[0]) if words else 0)
    print(f"{count - len(found)} of {count} equal")  # noqa: T201 -- a command
    for name, how in found.items():
        print(f"  {name}: {how}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
