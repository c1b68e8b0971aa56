"""init() of a kernel's own modules in this process and in QEMU, on the same command line.

``python -m tests.lanes.inits [KERNEL [COUNT | NAME...]]`` compares COUNT modules, or all, of KERNEL, one of kernels.EVERY
(cloud-amd64) for amd64, arm64 or riscv64, and prints each that differs.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from pymodutils import LiveKernel, Refused
from pymodutils.elf import compress
from pymodutils.elf.decode import modinfo
from pymodutils.elf.scan import Elf
from pymodutils.errors import Unanswered
from pymodutils.kernel.booted import ends
from pymodutils.machine.x86_64.start import CMDLINE
from pymodutils.names import normalize, of_path
from tests.lanes import foreign_inits, qemu
from tests.lanes.guest.inits import NO_RETURN
from tests.lanes.outcomes import OWN, Outcome, difference, lines, reason
from tests.oracles import kernels

CLOUD = "cloud-amd64"
BATCH = 150  # modules for one boot of QEMU
SECONDS = 60  # of CPU time for a module: raid6_pq, which measures, takes 5 on a busy processor
LAST = 12  # lines of the console of a guest that a module has ended


class Verdict(NamedTuple):
    """What differs about a module, if anything does, and why that stays, if it does."""

    module: str
    differs: str
    reason: str


def chains(kernel: kernels.Kernel, chosen: int | Sequence[str]) -> list[list[str]]:
    """The modules ``chosen`` by name, or so many (0: all), each after its dependencies, in the order of loading."""
    every = {of_path(str(path)): str(path) for path in sorted(kernel.modules.rglob("*.ko*"))}
    names = sorted(every, key=every.__getitem__)
    if isinstance(chosen, int):
        wanted = min(chosen or len(names), len(names))
        chosen = [names[at * len(names) // wanted] for at in range(wanted)]
    return [[every[it] for it in dict.fromkeys(_chain(name, every))] for name in chosen]


def _chain(name: str, every: Mapping[str, str]) -> Iterator[str]:
    section = Elf(compress.read(every[name])).section(".modinfo") or b""
    for needed in filter(None, dict(modinfo(section)).get("depends", "").split(",")):
        yield from _chain(normalize(needed), every)
    yield name


def here(image: Path, wanted: Sequence[Sequence[str]]) -> dict[str, Outcome]:
    """The outcomes in this process, each on a freshly booted kernel with the dependencies."""
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
    """The outcome of loading ``path``."""
    code, (_, start) = 0, booted.guest.log_end()
    booted.guest.machine.limit(SECONDS)
    try:
        booted.insert(path, "")
    except Refused as refused:
        code = refused.errno
    except Unanswered:
        return Outcome(path, NO_RETURN, ())
    return Outcome(path, code, lines([ends.text(line) for line in booted.guest.log(start)[0]]))


def there(kernel: kernels.Kernel, wanted: Sequence[list[str]]) -> Iterator[tuple[str, Outcome]]:
    """The outcomes in QEMU, as they come, by path.

    Where a load does not return, that of a second boot counts, which has no other module: QEMU 7.2 lets kernels of
    7.x for arm64 oops at random.
    """
    again = []
    for chain, (path, outcome) in zip(wanted, _there(kernel, wanted, BATCH), strict=True):
        if outcome.errno == NO_RETURN:
            again.append(chain)
        else:
            yield path, outcome
    yield from _there(kernel, again, 1)


def _there(kernel: kernels.Kernel, wanted: Sequence[list[str]], size: int) -> Iterator[tuple[str, Outcome]]:
    """The outcomes, ``size`` in a boot; a kernel that a module ends is booted again for those after it."""
    boot, done = BOOTS[kernel.architecture], 0
    while done < len(wanted):
        try:
            for path, outcome in boot(kernel.image, wanted[done : done + size]):
                done += 1
                yield path, outcome
        except qemu.Ended as ended:
            last = wanted[done][-1]
            done += 1
            yield last, Outcome(last, NO_RETURN, tuple(str(ended).splitlines()[-LAST:]))


def _boot(image: Path, batch: Sequence[list[str]]) -> Iterator[tuple[str, Outcome]]:
    """The outcomes of one boot; raises qemu.Ended where a module ends it, RuntimeError if it does not begin."""
    said = qemu.each(
        "tests.lanes.guest.inits:main",
        list(batch),
        files=sorted({Path(path) for chain in batch for path in chain}),
        image=image,
        cpu=qemu.LATER_CPU,  # near to unicorn's own, which is qemu64
        cmdline=" ".join(word for word in CMDLINE.split() if not OWN.match(word)),
    )
    try:
        next(said)
    except qemu.Ended as ended:
        raise RuntimeError(f"the guest does not get ready:\n{ended}") from ended
    for chain, it in zip(batch, said, strict=True):
        yield chain[-1], Outcome(it["at"], it["errno"], lines(it["log"]))


Boot = Callable[[Path, Sequence[list[str]]], Iterator[tuple[str, Outcome]]]
BOOTS: Mapping[str, Boot] = {
    "amd64": _boot,
    **{name: partial(foreign_inits.boot, name) for name in foreign_inits.GUESTS},
}


def verdicts(name: str, chosen: int | Sequence[str]) -> Iterator[Verdict]:
    """Of each module that is compared."""
    kernel = kernels.kernel(name)
    wanted = chains(kernel, chosen)
    ours = here(kernel.image, wanted)
    for path, its in there(kernel, wanted):
        module, own = of_path(path), ours[path]
        differs = difference(own, its)
        yield Verdict(module, differs, differs and reason(module, own, its))


def main(name: str = CLOUD, *words: str) -> None:
    """Print what differs, and how many modules are equal; the latter after each batch, too."""
    seen, started = Counter[str](), time.monotonic()
    for it in verdicts(name, int(words[0]) if words and words[0].isdecimal() else words or 0):
        seen["listed" if it.reason else "differ" if it.differs else "equal"] += 1
        if it.differs:
            print(f"  {it.module}: {it.reason or it.differs}", flush=True)  # noqa: T201 -- a command
        if not seen.total() % BATCH:
            print(_summary(name, seen, started), flush=True)  # noqa: T201
    print(_summary(name, seen, started))  # noqa: T201


def _summary(name: str, seen: Mapping[str, int], started: float) -> str:
    kinds = ", ".join(f"{seen[kind]} {kind}" for kind in ("equal", "listed", "differ"))
    return f"{name}: {sum(seen.values())} modules: {kinds}; {time.monotonic() - started:.0f} s"


if __name__ == "__main__":
    main(*sys.argv[1:])
