"""Checkpoints of a machine that can be restored within milliseconds, keeping translated code.

Translated code is flushed only if code differs: the processor notices writes to code by the kernel itself,
but not from outside.
"""

from __future__ import annotations

import mmap
from struct import unpack_from
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymodutils.machine import saved
from pymodutils.machine.paging import FRAME, LARGE, PAGE, PRESENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.machine.guest import Guest
    from pymodutils.machine.paging import AddressSpace

NO_EXECUTE: Final = 1 << 63
ENTRIES: Final = 512
LAST_GIB: Final = ENTRIES - 1  # indexes in PML4 and its PDPT: the image and, above it, modules
MODULES: Final = 0xFFFFFFFFC0000000 >> 30 & 511, 0xFFFFFFFFFF000000  # MODULES_VADDR, MODULES_END
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
    return Checkpoint(saved.facts(guest), pages, frozenset(_executable(guest.machine.space)))


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


def _executable(space: AddressSpace) -> Iterator[int]:
    """The mapped executable pages between MODULES_VADDR and MODULES_END."""
    table = space.root & FRAME
    for index in (LAST_GIB, MODULES[0]):
        entry = _entry(space, table, index)
        if not entry & PRESENT:
            return
        table = entry & FRAME
    for index in range(ENTRIES - 8):  # up to MODULES_END; the fixmap is above
        entry = _entry(space, table, index)
        if entry & PRESENT and not entry & LARGE:
            for place in range(ENTRIES):
                page = _entry(space, entry & FRAME, place)
                if page & PRESENT and not page & NO_EXECUTE:
                    yield (page & FRAME) // PAGE


def _entry(space: AddressSpace, table: int, index: int) -> int:
    found: int = unpack_from("<Q", space.ram, table + 8 * index)[0]
    return found
