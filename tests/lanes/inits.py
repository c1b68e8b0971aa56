"""init() of a kernel's own modules in this process and in QEMU, on the same command line.

``python -m tests.lanes.inits [KERNEL [COUNT]]`` compares COUNT modules, or all, of KERNEL, one of kernels.EVERY
(cloud-amd64), and prints each that differs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
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
from tests.lanes.verdicts.normal import DUMP, NOISE
from tests.oracles import kernels

CLOUD = "cloud-amd64"
BATCH = 150  # modules for one boot of QEMU
OWN = re.compile(r"(rdinit|init|loglevel)=")  # words of the machine that are about no devices
MEASURED = re.compile(
    r"0x[0-9a-f]+|\b[0-9a-f]{16}\b|\d+(\.\d+)? ?(MHz|MB/s|KB|usecs?|ns|ms|cycles|seconds)|, depth.*$|\binput\d+$"
)
BOOT_NOISE = re.compile(r"speculation|taints kernel|module verification failed")
MODEL = "the processor's model"
OTHER_RESULT = {  # modules that end in another way, and why
    "pata_legacy": "ISA ports: QEMU has a disk controller there",
    "test_user_copy": "the machine has no user memory",
}
OTHER_LOG = {  # modules whose lines differ
    "xor": "the fastest way that it measures",
    "raid6_pq": "the fastest way that it measures",
    "powernow_k8": MODEL,
    "intel_rapl_common": MODEL,
    "intel_rapl_msr": MODEL,
    "int3401_thermal": MODEL,
    "processor_thermal_device": MODEL,
    "processor_thermal_device_pci": MODEL,
    "processor_thermal_device_pci_legacy": MODEL,
    "processor_thermal_rapl": MODEL,
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
    """The outcomes in this process, each on a kernel that has just booted and loaded the dependencies."""
    found = {}
    with LiveKernel.boot(image) as booted:
        for needed, same in groupby(sorted(wanted, key=_needed), _needed):
            booted.reset()
            failed = next((it for it in map(partial(_loaded, booted), needed) if it.errno), None)
            moment = None if failed else booted.moment()
            for chain in same:
                if moment:
                    booted.restore(moment)
                found[chain[-1]] = failed or _loaded(booted, chain[-1])
    return found


def _needed(chain: Sequence[str]) -> list[str]:
    return list(chain[:-1])


def _loaded(booted: LiveKernel, path: str) -> Outcome:
    """What loading ``path`` comes to."""
    code, (_, start) = 0, booted.guest.log_end()
    try:
        booted.insert(path, "")
    except Refused as refused:
        code = refused.errno
    except Unanswered:
        return Outcome(path, NO_RETURN, ())
    return Outcome(path, code, lines([ends.text(line) for line in booted.guest.log(start)[0]]))


def there(image: Path, wanted: Sequence[list[str]]) -> Iterator[tuple[str, Outcome]]:
    """The outcomes in QEMU, one module after the other; a kernel that one ends is booted again for the rest."""
    for start in range(0, len(wanted), BATCH):
        batch = list(wanted[start : start + BATCH])
        while batch:
            try:
                said = _boot(image, batch)
            except RuntimeError as error:
                last = _last(batch, str(error))
                yield last, Outcome(last, NO_RETURN, (str(error)[-200:],))
                batch = [chain for chain in batch if chain[-1] != last]
                continue
            for path, it in said.items():
                yield path, Outcome(it["at"], it["errno"], lines(it["log"]))
            break


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
    lines = [
        line.rstrip("\n") for line in log if line.strip() and not (DUMP.match(line) or NOISE.match(line))
    ]
    return tuple(MEASURED.sub("N", line) for line in lines if not BOOT_NOISE.search(line))


def differences(name: str, count: int) -> Iterator[tuple[str, str]]:
    """Each module that was compared, and what differs, or ""."""
    kernel = kernels.kernel(name)
    wanted = chains(kernel, count)
    ours = here(kernel.image, wanted)
    for path, its in there(kernel.image, wanted):
        yield of_path(path), _difference(of_path(path), ours[path], its)


def compared(ours: Mapping[str, Outcome], theirs: Mapping[str, Outcome]) -> dict[str, str]:
    """What differs, by module."""
    found = {of_path(path): _difference(of_path(path), ours[path], its) for path, its in theirs.items()}
    return {module: how for module, how in found.items() if how}


def _difference(module: str, own: Outcome, its: Outcome) -> str:
    if module in OTHER_RESULT:
        return ""
    if (own.at, own.errno) != (its.at, its.errno):
        return f"{of_path(own.at)}: {own.errno} here, {of_path(its.at)}: {its.errno} in QEMU {its.log}"
    if own.log != its.log and module not in OTHER_LOG:
        return f"logs {own.log} here, {its.log} in QEMU"
    return ""


def main(name: str = CLOUD, count: str = "0") -> None:
    """Print what differs."""
    total, equal = 0, 0
    for module, how in differences(name, int(count)):
        total, equal = total + 1, equal + (not how)
        if how:
            print(f"  {module}: {how}", flush=True)  # noqa: T201 -- a command
        if not total % BATCH:
            print(f"{name}: {equal} of {total} equal so far", flush=True)  # noqa: T201
    print(f"{name}: {equal} of {total} equal")  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
