"""Sort the exception table by instruction address; lib/extable.c: sort_extable."""

from __future__ import annotations

from operator import itemgetter
from struct import calcsize, iter_unpack, pack
from typing import TYPE_CHECKING, Final

from pymodutils.elf.headers import PREFIXES
from pymodutils.twos_complement import signed

if TYPE_CHECKING:
    from pymodutils.link.image import Image

TABLE: Final = "__ex_table"


def sort(image: Image) -> None:
    """Sort the table of ``image``, if it has one that is not sorted yet.

    Relative addresses change as their entry moves.
    """
    arch = image.module.arch
    at = image.module.find(TABLE)
    if not at:
        return
    layout = PREFIXES[arch.order] + arch.extable.codes
    memory, size = image.section(at), calcsize(layout)
    whole = memory[: len(memory) // size * size]
    count, relative = len(whole) // size, arch.extable.relative
    places, targets = (range(0, len(whole), size) if relative > at else [0] * count for at in (0, 1))
    entries = zip(places, targets, iter_unpack(layout, whole), strict=True)
    rows = [(insn + place, to + target, *rest) for place, target, (insn, to, *rest) in entries]
    ordered = sorted(rows, key=itemgetter(0))
    if ordered != rows:
        moved = zip(places, targets, ordered, strict=True)
        parts = [
            pack(layout, _less(insn, place), _less(to, target), *rest)
            for place, target, (insn, to, *rest) in moved
        ]
        whole[:] = b"".join(parts)


def _less(address: int, place: int) -> int:
    """``address`` relative to ``place``, signed 32 bits; ``address`` itself without a place."""
    return signed(address - place, 32) if place else address
