"""Thousands of damaged modules in the emulated loader and in a real kernel in this process.

``python -m tests.kernel.emulated.on_the_machine KERNEL [COUNT [FIRST]]`` prints each difference and how many
there were; KERNEL is one of lanes.FLAVOURS, FIRST the seed of the first module.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from errno import ENOEXEC
from typing import Final, NamedTuple

from pymodutils.elf import compress
from pymodutils.errors import Refused
from pymodutils.kernel.booted import base
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.link.failure import OutOfBounds
from pymodutils.machine import checkpoint, saved
from pymodutils.machine.boot import MEMORY
from pymodutils.machine.guest import IMAGE, Guest
from pymodutils.machine.paging import Unmapped
from pymodutils.machine.results import MachineEnded, Result, Returned
from tests.kernel.emulated.mutants import Mutator, unsigned
from tests.kernel.emulated.test_mutants_in_kernels import CMDLINE, MODULES, names_among_headers, normal
from tests.kernel.emulated.whole import describe
from tests.lanes.verdicts.lanes import FLAVOURS
from tests.link.modules import in_order, paths
from tests.oracles import kernels

EACH = 200  # mutants of a module before the next one's turn
WARNING = 4
MARK = b"all was said"
RAN = -1  # in place of an errno: the call did not return
UNSEEDED: Final = "(____ptrval____)"  # %p in a kernel that has no random bytes yet


class Outcome(NamedTuple):
    """What a kernel said to a module."""

    errno: int
    lines: list[str]


class Difference(NamedTuple):
    """A mutant, by the module, the seed and its number, of which the two say different things."""

    module: str
    seed: int
    number: int
    ours: Outcome
    theirs: Outcome


class Machine:
    """A real kernel to which each module is the first one."""

    def __init__(self, image: str, needed: list[bytes]) -> None:
        self.guest: Guest = saved.take(base.booted(image, CMDLINE, MEMORY)[0])
        for data in needed:
            assert self._load(data) == Returned(0)
        self.mark = self.guest.allocate(MARK + b"\n\0")
        self.start = checkpoint.take(self.guest)

    def insert(self, data: bytes) -> Outcome:
        """What becomes of ``data``; then the machine is as it was."""
        _, mark = self.guest.log_end()
        try:
            result = self._load(data)
            self.guest.call("_printk", self.mark)  # ends a line that has no end yet
            lines = [line for line in self.guest.log(mark)[0] if MARK.decode() not in line]
        except (MachineEnded, Unmapped):  # the latter: its stack is gone
            return Outcome(RAN, [])
        finally:
            checkpoint.restore(self.guest, self.start)
        code = -result.int32 if isinstance(result, Returned) else RAN
        return Outcome(code, [text for level, text in map(_parts, lines) if level <= WARNING])

    def _load(self, data: bytes) -> Result:
        area = self.guest.call("vmalloc", max(len(data), 1))
        self.guest.machine.space.write(area, data)
        self.guest.map(IMAGE, area, len(data))
        return self.guest.system_call("init_module", IMAGE, len(data), b"")


def _parts(line: str) -> tuple[int, str]:
    """Level and text, as ours is decoded."""
    prefix, _, text = line.partition("] ")
    return int(prefix.partition(">")[0][1:]) & 7, text.encode("latin-1").decode("utf-8", "surrogateescape")


class Ours:
    """The emulated kernel, to which each module is the first one, too."""

    def __init__(self, name: str, needed: list[bytes]) -> None:
        self.kernel = EmulatedKernel.boot(describe(name), cmdline=CMDLINE)
        for data in needed:
            self.kernel.init_module(data)

    def insert(self, data: bytes) -> Outcome | None:
        """What becomes of ``data``; None if a real kernel would leave what is its own."""
        before = self.kernel.log()[-1].number
        code = 0
        with self.kernel.trial():
            try:
                self.kernel.init_module(data)
            except OutOfBounds:
                return None
            except Refused as refused:
                code = refused.errno
            lines = [line.text for line in self.kernel.log(before) if line.level <= WARNING]
        return Outcome(code, lines)


def differences(name: str, count: int, first: int = 0) -> Iterator[Difference]:
    """Play ``count`` mutants of the modules of the kernel ``name``; those that differ."""
    files = paths(name)
    order = in_order(name, MODULES)
    needed = [compress.read(str(it)) for it in order if it not in [files[one] for one in MODULES]]
    machine, ours = Machine(str(kernels.kernel(FLAVOURS[name]).image), needed), Ours(name, needed)
    played = 0
    for seed in itertools.count(first):
        module = MODULES[seed % len(MODULES)]
        mutator = Mutator(unsigned(compress.read(str(files[module]))), seed)
        for number in range(EACH):
            data = mutator.mutant()
            if played == count:
                return
            played += 1
            if names_among_headers(data):
                continue
            one = ours.insert(data)
            if one is None:
                continue
            other = machine.insert(data)
            if said(one) != said(other) and not ran(one, other):
                yield Difference(module, seed, number, one, other)


def ran(ours: Outcome, theirs: Outcome) -> bool:
    """Whether both took the module, after which its damaged code was patched, or ran, and may have failed."""
    if ours.errno or theirs.errno == ENOEXEC:
        return False
    mine, others = said(ours)[1], said(theirs)[1]
    return others[: len(mine)] == mine


def said(outcome: Outcome) -> tuple[int, list[str]]:
    """``outcome`` without what pointers are printed as."""
    errno, lines = normal(list(outcome))
    return errno, [line.replace(UNSEEDED, "POINTER") for line in lines if line]


def main(name: str, count: str = "1000", first: str = "0") -> int:
    """Print what differs; 1 if anything does."""
    started, found = time.monotonic(), 0
    for it in differences(name, int(count), int(first)):
        found += 1
        print(f"{it.module} {it.seed}/{it.number}:\n  ours   {it.ours}\n  theirs {it.theirs}", flush=True)  # noqa: T201
    print(f"{name}: {count} mutants, {found} differ, {time.monotonic() - started:.0f} s")  # noqa: T201
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
