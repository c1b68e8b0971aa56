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
    from pymodutils.machine.guest import Guest

TEXT: Final = ("_stext", "_etext")


class Checkpoint(NamedTuple):
    """The state of a machine at one moment."""

    facts: dict[str, Any]
    pages: dict[int, bytes]  # pages that differ from the file of the base
    code: frozenset[int]  # pages with code of modules


def take(guest: Guest) -> Checkpoint:
    """The current state of ``guest``, which was taken from the cache."""
    ram = guest.machine.ram
    for name in TEXT:
        guest.address(name)
    pages = {n: ram[n * PAGE : n * PAGE + PAGE] for n in saved.changed(guest, guest.machine.file)}
    return Checkpoint(
        saved.facts(guest), pages, frozenset(guest.machine.space.executable(guest.machine.modules))
    )


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
    first, last = (guest.machine.space.physical(guest.names[name]) // PAGE for name in TEXT)
    text = range(first, last + 1)
    changed = set(saved.private(guest, text))
    for number in checkpoint.code - pages.keys():
        changed.update(saved.private(guest, range(number, number + 1)))
    own = {n for n in pages if n in text} | (checkpoint.code & pages.keys())
    return bool(changed - own) or any(ram[n * PAGE : n * PAGE + PAGE] != pages[n] for n in own)
