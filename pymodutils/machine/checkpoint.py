"""Checkpoints of a machine that can be restored within milliseconds, keeping translated code.

Translated code is flushed only if code differs: the processor notices writes to code by the kernel itself,
but not from outside.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymodutils.machine import saved
from pymodutils.machine.paging import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.machine.guest import Guest

TEXT: Final = ("_stext", "_etext")


class Checkpoint(NamedTuple):
    """The state of a machine at one moment."""

    facts: dict[str, Any]
    pages: dict[int, bytes]  # pages that differ from the file of the base
    code: tuple[range, ...]  # pages with code of the kernel and of modules


def take(guest: Guest) -> Checkpoint:
    """The current state of ``guest``, which was taken from the cache."""
    ram = guest.machine.ram
    for name in TEXT:
        guest.address(name)
    pages = {n: ram[n * PAGE : n * PAGE + PAGE] for n in saved.changed(guest, guest.machine.file)}
    first, last = (guest.machine.space.physical(guest.names[name]) // PAGE for name in TEXT)
    code = {*range(first, last + 1), *guest.machine.space.executable(guest.machine.modules)}
    return Checkpoint(saved.facts(guest), pages, tuple(_runs(sorted(code))))


def restore(guest: Guest, checkpoint: Checkpoint) -> None:
    """Restore ``guest`` to ``checkpoint``."""
    machine = guest.machine
    guest.names = dict(checkpoint.facts["guest"]["names"])
    stale = _stale(guest, checkpoint)
    machine.ram.madvise(mmap.MADV_DONTNEED)  # restores the pages of the file
    for number, data in checkpoint.pages.items():
        machine.ram[number * PAGE : number * PAGE + PAGE] = data
    machine.cpu.rewind(checkpoint.facts["registers"])
    saved.apply(machine, checkpoint.facts)
    if stale:
        machine.cpu.flush()


def _stale(guest: Guest, checkpoint: Checkpoint) -> bool:
    """Whether restoring changes code."""
    ram, pages = guest.machine.ram, checkpoint.pages
    for run in checkpoint.code:
        own = [n for n in run if n in pages]
        if not set(own).issuperset(saved.private(guest, run)):
            return True
        if any(ram[n * PAGE : n * PAGE + PAGE] != pages[n] for n in own):
            return True
    return False


def _runs(numbers: Sequence[int]) -> Iterator[range]:
    """The ranges of neighbours in ``numbers``, which are sorted."""
    start = 0
    for at, number in enumerate(numbers, 1):
        if at == len(numbers) or numbers[at] != number + 1:
            yield range(numbers[start], number + 1)
            start = at
