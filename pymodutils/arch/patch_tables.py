"""Tables that the kernel sorts when it loads a module.

Most entries are relative to their own addresses, so they change when sorting moves them. Rows are read with
relative words converted to addresses.
"""

from __future__ import annotations

from itertools import accumulate
from struct import Struct, calcsize, iter_unpack, pack
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.arch.kernel_sort import sort_indexes
from pymodutils.elf.headers import PREFIXES
from pymodutils.twos_complement import signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.arch.patch import PatchSites

    Row = tuple[int, ...]

FRAMES: Final = ".orc_unwind"
FRAME: Final = 6  # bytes of struct orc_entry
FLAGS: Final = 3  # mask of the flags in a key
INIT: Final = 2  # the flag of places freed after init()
TRAMPOLINE: Final = "__SCT__"


class _Words(NamedTuple):
    """A row of the table: signed words with struct's ``codes``, and their offsets."""

    struct: Struct
    offsets: tuple[int, ...]
    widths: tuple[int, ...]  # bits

    def places(self, patch: PatchSites) -> range:
        """The addresses of the rows."""
        size = self.struct.size
        return range(patch.address, patch.address + len(patch.table) // size * size, size)


def _words(patch: PatchSites, codes: str) -> _Words:
    sizes = [calcsize(f"<{code}") for code in codes]
    offsets = tuple(accumulate(sizes, initial=0))[:-1]
    struct = Struct(PREFIXES[patch.order] + codes)
    return _Words(struct, offsets, tuple(8 * size for size in sizes))


def relative(patch: PatchSites, codes: str) -> list[Row]:
    """The rows with struct's ``codes``, signed relative words, as addresses."""
    words = _words(patch, codes)
    places = words.places(patch)
    raw = patch.table[: len(places) * words.struct.size]
    return [
        tuple([place + offset + word for offset, word in zip(words.offsets, row, strict=True)])
        for place, row in zip(places, words.struct.iter_unpack(raw), strict=True)
    ]


def write(patch: PatchSites, codes: str, rows: Sequence[Row]) -> int:
    """Write ``rows`` from ``relative`` to the table; return the number of changed rows."""
    words = _words(patch, codes)
    changed = sum(old != new for old, new in zip(relative(patch, codes), rows, strict=True))
    parts = []
    for place, row in zip(words.places(patch), rows, strict=True):
        fields = zip(row, words.offsets, words.widths, strict=True)
        parts.append(words.struct.pack(*[signed(word - place - at, bits) for word, at, bits in fields]))
    patch.table[: len(rows) * words.struct.size] = b"".join(parts)
    return changed


def absolute(patch: PatchSites) -> list[int]:
    """Sort the addresses in the table and return them."""
    raw = patch.table[: len(patch.table) // 8 * 8]
    found = sorted(address for (address,) in iter_unpack("<Q", raw))
    raw[:] = pack(f"<{len(found)}Q", *found)
    return found


def orc(patch: PatchSites) -> int:
    """Sort unwind entries by address, gap terminators first at equal ones; return the number moved."""
    memory, rows = patch.section(FRAMES), relative(patch, "i")
    if memory is None or len(memory) != FRAME * len(rows):
        return 0
    frames = [bytes(memory[start : start + FRAME]) for start in range(0, len(memory), FRAME)]
    order = sorted(range(len(rows)), key=lambda number: (rows[number], not _is_gap(frames[number])))
    memory[:] = b"".join([frames[number] for number in order])
    return write(patch, "i", [rows[number] for number in order])


def _is_gap(frame: bytes) -> bool:
    """Whether ``frame`` is an undefined one: no register, no type, not the end."""
    return not frame[4] & 0x0F and not frame[5] & 0x07  # 6.4 made the flag of the end a type


def jump_labels(patch: PatchSites) -> int:
    """Sort by key, then by code, and flag places freed after init(); return the number changed."""
    codes = "iiq"
    rows = sorted(relative(patch, codes), key=lambda row: (row[2] & ~FLAGS, row[0]))
    marked = [(code, target, key & ~INIT | INIT * patch.in_init(code)) for code, target, key in rows]
    return write(patch, codes, marked)


def static_calls(patch: PatchSites) -> int:
    """Sort by key, replacing trampolines of unexported keys; return the number changed.

    Does nothing if the addresses of keys are unknown.
    """
    codes, keys = "ii", patch.kernel.static_keys
    trampolines = {at for name, at in patch.imports().items() if name.startswith(TRAMPOLINE)}
    rows = []
    for code, flagged in relative(patch, codes):
        key = flagged & ~FLAGS
        if key in trampolines and key not in keys:
            return 0
        rows.append((code, keys.get(key, key) | flagged & FLAGS))
    order = sort_indexes([key & ~FLAGS for _, key in rows], pairs=patch.kernel.sorts_pairs)
    marked = [(rows[at][0], rows[at][1] | INIT * patch.in_init(rows[at][0])) for at in order]
    return write(patch, codes, marked)
