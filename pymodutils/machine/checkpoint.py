"""Checkpoints of a machine that can be restored within milliseconds, keeping translated code.

Only the translated code of pages that differ is dropped: the processor notices writes to code by the kernel
itself, but not from outside.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any, NamedTuple

from pymodutils.machine import code, saved
from pymodutils.machine.paging import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.machine.guest import Guest


class Code(NamedTuple):
    """Adjacent pages of code from ``address`` on."""

    address: int
    pages: range


class Checkpoint(NamedTuple):
    """The state of a machine at one moment."""

    facts: dict[str, Any]
    pages: dict[int, bytes]  # pages that differ from the file of the base
    code: tuple[Code, ...]  # of the kernel and of modules


def take(guest: Guest) -> Checkpoint:
    """The current state of ``guest``, which was taken from the cache."""
    machine = guest.machine
    pages = {n: machine.ram[n * PAGE : n * PAGE + PAGE] for n in saved.changed(guest, machine.file)}
    modules = list(machine.space.executable(machine.modules))
    return Checkpoint(saved.facts(guest), pages, (Code(*code.text(machine, guest.names)), *_runs(modules)))


def restore(guest: Guest, checkpoint: Checkpoint) -> None:
    """Restore ``guest`` to ``checkpoint``."""
    machine = guest.machine
    guest.names = dict(checkpoint.facts["guest"]["names"])
    stale = list(_stale(guest, checkpoint))
    machine.ram.madvise(mmap.MADV_DONTNEED)  # restores the pages of the file
    for number, data in checkpoint.pages.items():
        machine.ram[number * PAGE : number * PAGE + PAGE] = data
    machine.cpu.rewind(checkpoint.facts["registers"])
    saved.apply(machine, checkpoint.facts)
    for address in stale:
        machine.cpu.forget(address)


def _stale(guest: Guest, checkpoint: Checkpoint) -> Iterator[int]:
    """The addresses of the pages of code that restoring changes."""
    ram, pages = guest.machine.ram, checkpoint.pages
    for start, run in checkpoint.code:
        copied = {n for n in saved.private(guest, run) if n not in pages}
        own = {n for n in run if n in pages and ram[n * PAGE : n * PAGE + PAGE] != pages[n]}
        for number in sorted(copied | own):
            yield start + (number - run.start) * PAGE


def _runs(code: Sequence[tuple[int, int]]) -> Iterator[Code]:
    """The ranges of neighbours among pages by address and number."""
    start = 0
    for at, (address, number) in enumerate(code, 1):
        if at == len(code) or code[at] != (address + PAGE, number + 1):
            yield Code(code[start][0], range(code[start][1], number + 1))
            start = at
