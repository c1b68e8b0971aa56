"""init() of a kernel's own modules in this process and in QEMU, on the same command line.

``python -m tests.lanes.inits [KERNEL [COUNT]]`` compares COUNT modules, or all, of KERNEL, one of kernels.EVERY
(cloud-amd64), and prints each that differs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pymodutils import LiveKernel, Refused
from pymodutils.elf import compress
from pymodutils.elf.decode import modinfo
from pymodutils.elf.scan import Elf
from pymodutils.errors import Unanswered
from pymodutils.kernel.booted import ends
from pymodutils.machine.x86_64.start import CMDLINE
from pymodutils.names import normalize, of_path
from tests.lanes import qemu
from tests.lanes.guest.inits import NO_RETURN
from tests.oracles import kernels

CLOUD = "cloud-amd64"
BATCH = 150  # modules for one boot of QEMU
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


def chains(kernel: kernels.Kernel, count: int) -> list[list[str]]:
    """``count`` modules (0: all), each after its dependencies, in the order of loading."""
    every = {of_path(str(path)): str(path) for path in sorted(kernel.modules.rglob("*.ko*"))}
    names, wanted = sorted(every, key=every.__getitem__), count or len(every)
    chosen = [names[at * len(names) // wanted] for at in range(min(wanted, len(names)))]
    return [[every[it] for it in dict.fromkeys(_chain(name, every))] for name in chosen]


def _chain(name: str, every: Mapping[str, str]) -> Iterator[str]:
    section = Elf(compress.read(every[name])).section(".modinfo") or b""
    for needed in filter(None, dict(modinfo(section)).get("depends", "").split(",")):
        yield from _chain(normalize(needed), every)
    yield name


def here(image: Path, wanted: Sequence[Sequence[str]]) -> dict[str, Outcome]:
    """The outcomes in this process, each on a kernel that has just booted."""
    with LiveKernel.boot(image) as booted:
        return {chain[-1]: _loaded(booted, chain) for chain in wanted}


def _loaded(booted: LiveKernel, chain: Sequence[str]) -> Outcome:
    booted.reset()
    code, start = 0, 0
    for path in chain:
        _, start = booted.guest.log_end()
        try:
            booted.insert(path, "")
        except Refused as refused:
            code = refused.errno
            break
        except Unanswered:
            return Outcome(path, NO_RETURN, ())
    return Outcome(path, code, lines([ends.text(line) for line in booted.guest.log(start)[0]]))


def there(image: Path, wanted: Sequence[list[str]]) -> dict[str, Outcome]:
    """The outcomes in QEMU, one module after the other; a kernel that one ends is booted again for the rest."""
    found: dict[str, Outcome] = {}
    for start in range(0, len(wanted), BATCH):
        batch = list(wanted[start : start + BATCH])
        while batch:
            try:
                said = _boot(image, batch)
            except RuntimeError as error:
                last = _last(batch, str(error))
                found[last] = Outcome(last, NO_RETURN, (str(error)[-200:],))
                batch = [chain for chain in batch if chain[-1] != last]
                continue
            found |= {path: Outcome(it["at"], it["errno"], lines(it["log"])) for path, it in said.items()}
            break
    return found


def _boot(image: Path, wanted: Sequence[list[str]]) -> dict[str, Any]:
    said: dict[str, Any] = qemu.run(
        "tests.lanes.guest.inits:main",
        list(wanted),
        files=sorted({Path(path) for chain in wanted for path in chain}),
        image=image,
        cpu=qemu.LATER_CPU,  # near to unicorn's own, which is qemu64
        cmdline=" ".join(word for word in CMDLINE.split() if not OWN.match(word)),
        seconds=3000,
    )
    return said


def _last(wanted: Sequence[list[str]], printed: str) -> str:
    """The module that was being loaded when the console in ``printed`` fell silent."""
    places = {chain[-1]: printed.rfind(chain[-1]) for chain in wanted}
    last = max(places, key=places.__getitem__)
    if places[last] < 0:
        raise RuntimeError(printed)
    return last


def lines(log: Sequence[str]) -> tuple[str, ...]:
    """Lines that a module of the kernel itself can be the cause of, without what is measured."""
    lines = [line.rstrip("\n") for line in log]
    return tuple(MEASURED.sub("N", line) for line in lines if line.strip() and not BOOT_NOISE.search(line))


def differences(name: str, count: int) -> tuple[int, dict[str, str]]:
    """How many were compared; what differs, by module."""
    kernel = kernels.kernel(name)
    wanted = chains(kernel, count)
    return len(wanted), compared(here(kernel.image, wanted), there(kernel.image, wanted))


def compared(ours: Mapping[str, Outcome], theirs: Mapping[str, Outcome]) -> dict[str, str]:
    """What differs, by module."""
    found = {}
    for path, its in theirs.items():
        module, own = of_path(path), ours[path]
        if (own.at, own.errno) != (its.at, its.errno):
            found[module] = (
                f"{of_path(own.at)}: {own.errno} here, {of_path(its.at)}: {its.errno} in QEMU {its.log}"
            )
        elif own.log != its.log and module not in OTHER_LOG:
            found[module] = f"logs {own.log} here, {its.log} in QEMU"
    return found


def main(name: str = CLOUD, count: str = "0") -> None:
    """Print what differs."""
    compared, found = differences(name, int(count))
    print(f"{name}: {compared - len(found)} of {compared} equal")  # noqa: T201 -- a command
    for module, how in found.items():
        print(f"  {module}: {how}")  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
