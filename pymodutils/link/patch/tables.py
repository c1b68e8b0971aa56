"""Tables that the kernel sorts as it takes a module in.

Most are of words that are relative to where they stand, and change as they move. Rows are read with all
words as addresses.
"""

from __future__ import annotations

from struct import calcsize, iter_unpack, pack
from typing import TYPE_CHECKING, Final

from pymodutils.arch.model import PREFIXES
from pymodutils.link.patch.heap import heap_sorted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.link.patch.machine import Patch

    Row = tuple[int, ...]

FRAMES: Final = ".orc_unwind"
FRAME: Final = 6  # bytes of struct orc_entry
FLAGS: Final = 3  # what the low bits of a key are for
INIT: Final = 2  # the flag of places that are freed after init
TRAMPOLINE: Final = "__SCT__"


def relative(patch: Patch, codes: str) -> list[Row]:
    """The rows of struct's ``codes``, signed words each relative to itself, as addresses."""
    size, offsets = calcsize(f"<{codes}"), [calcsize(f"<{codes[:at]}") for at in range(len(codes))]
    prefix = PREFIXES[patch.image.module.arch.order]
    raw = patch.table[: len(patch.table) // size * size]
    starts = range(patch.address, patch.address + len(raw), size)
    return [
        tuple([start + offset + word for offset, word in zip(offsets, row, strict=True)])
        for start, row in zip(starts, iter_unpack(prefix + codes, raw), strict=True)
    ]


def write(patch: Patch, codes: str, rows: Sequence[Row]) -> int:
    """Put ``rows``, as ``relative`` gave them, into the table; how many of them are new there."""
    size, offsets = calcsize(f"<{codes}"), [calcsize(f"<{codes[:at]}") for at in range(len(codes))]
    prefix = PREFIXES[patch.image.module.arch.order]
    widths = [8 * calcsize(f"<{code}") for code in codes]
    changed = sum(old != new for old, new in zip(relative(patch, codes), rows, strict=True))
    starts = range(patch.address, patch.address + size * len(rows), size)
    parts = []
    for start, row in zip(starts, rows, strict=True):
        words = [
            _signed(word - start - at, bits) for word, at, bits in zip(row, offsets, widths, strict=True)
        ]
        parts.append(pack(prefix + codes, *words))
    patch.table[: size * len(rows)] = b"".join(parts)
    return changed


def _signed(word: int, bits: int) -> int:
    half = 1 << bits - 1
    return (word + half & 2 * half - 1) - half


def absolute(patch: Patch) -> list[int]:
    """The addresses in the table, once they are sorted there."""
    raw = patch.table[: len(patch.table) // 8 * 8]
    found = sorted(address for (address,) in iter_unpack("<Q", raw))
    raw[:] = pack(f"<{len(found)}Q", *found)
    return found


def orc(patch: Patch) -> int:
    """Sort how to unwind by where; at one address what ends a gap comes first. How many moved."""
    at = patch.image.module.find(FRAMES)
    rows = relative(patch, "i")
    if not at or patch.image.layout.placed[at] is None:
        return 0
    memory = patch.image.section(at)
    if len(memory) != FRAME * len(rows):
        return 0
    frames = [bytes(memory[start : start + FRAME]) for start in range(0, len(memory), FRAME)]
    order = sorted(range(len(rows)), key=lambda number: (rows[number], not _is_gap(frames[number])))
    memory[:] = b"".join([frames[number] for number in order])
    return write(patch, "i", [rows[number] for number in order])


def _is_gap(frame: bytes) -> bool:
    """Whether ``frame`` says that nothing is known: no register of the stack, and not the end of it all."""
    return not frame[4] & 0x0F and not frame[5] & 0x04


def jump_labels(patch: Patch) -> int:
    """Sort by key, then by code, and flag the places that are freed after init; how many changed."""
    codes = "iiq"
    rows = sorted(relative(patch, codes), key=lambda row: (row[2] & ~FLAGS, row[0]))
    marked = [(code, target, key & ~INIT | INIT * patch.in_init(code)) for code, target, key in rows]
    return write(patch, codes, marked)


def static_calls(patch: Patch) -> int:
    """Sort by key, trampolines of keys that are not exported made keys; how many changed.

    Nothing if the machine does not say where a key is.
    """
    codes, keys = "ii", patch.machine.static_keys
    trampolines = {at for name, at in patch.imports().items() if name.startswith(TRAMPOLINE)}
    rows = []
    for code, flagged in relative(patch, codes):
        key = flagged & ~FLAGS
        if key in trampolines and key not in keys:
            return 0
        rows.append((code, keys.get(key, key) | flagged & FLAGS))
    ordered = heap_sorted(rows, key=lambda row: row[1] & ~FLAGS)
    return write(patch, codes, [(code, key | INIT * patch.in_init(code)) for code, key in ordered])
