"""The exception table in order of the instructions it is about; lib/extable.c: sort_extable."""

from __future__ import annotations

from operator import itemgetter
from struct import iter_unpack, pack
from typing import TYPE_CHECKING, Final

from pymodutils.arch.model import PREFIXES

if TYPE_CHECKING:
    from pymodutils.link.image import Image

TABLE: Final = "__ex_table"


def sort(image: Image) -> None:
    """Sort the table of ``image``, if it has one and is not in order already.

    Each entry begins with two words relative to themselves, which change as the entry moves.
    """
    arch = image.module.arch
    at = image.module.find(TABLE)
    if not at or image.layout.placed[at] is None:
        return
    memory, size = image.section(at), arch.extable
    layout = f"{PREFIXES[arch.order]}ii{size - 8}s"
    whole = memory[: len(memory) // size * size]
    places = range(0, len(whole), size)
    entries = zip(places, iter_unpack(layout, whole), strict=True)
    rows = [(insn + place, fixup + place, rest) for place, (insn, fixup, rest) in entries]
    ordered = sorted(rows, key=itemgetter(0))
    if ordered != rows:
        moved = zip(places, ordered, strict=True)
        parts = [pack(layout, _word(insn - at), _word(fixup - at), rest) for at, (insn, fixup, rest) in moved]
        whole[:] = b"".join(parts)


def _word(value: int) -> int:
    return (value + (1 << 31) & (1 << 32) - 1) - (1 << 31)
