"""modules.inputmap: which events input devices must have for a handler, as module-init-tools wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCALARS: Final = ("bustype", "vendor", "product", "version")  # by their bits of match_flags, from 1 on
MAPS: Final = (  # name, its bit, and columns: "L" is a long, "M" longs of 64 bits
    *(("evbit", 0x010, "L"), ("keybit", 0x020, "M" * 8), ("relbit", 0x040, "L"), ("absbit", 0x080, "M")),
    *(("mscbit", 0x100, "L"), ("ledbit", 0x200, "L"), ("sndbit", 0x400, "L"), ("ffbit", 0x800, "MM")),
)
CODES: Final = "LHHHH" + "".join(codes for _, _, codes in MAPS) + "L"  # struct input_device_id
HEADING: Final = (
    "# module         matchBits bustype vendor product version evBits keyBits relBits absBits mscBits ledBits"
    " sndBits ffBits [swBits] driver_info"
)


def ends(row: tuple[int, ...]) -> bool:
    """Whether ``row`` ends the table."""
    return not (row[0] or row[-1])


def line(row: tuple[int, ...], bits: int) -> str:
    """``row`` as the map has it, with longs of ``bits``."""
    return "  ".join(_columns(row, bits))


def _columns(row: tuple[int, ...], bits: int) -> Iterator[str]:
    flags = row[0]
    yield f"0x{flags:x}"
    for at, _ in enumerate(SCALARS):
        yield f"0x{row[1 + at] if flags >> at & 1 else 0:x}"
    start = 1 + len(SCALARS)
    for _, bit, codes in MAPS:
        count = len(codes.replace("M", "L" * (64 // bits)))
        yield _bits(row[start : start + count]) if flags & bit else "0"
        start += count
    yield f"0x{row[-1]:x}"


def _bits(words: Sequence[int]) -> str:
    """The words of a map, the highest that is not 0 first."""
    last = next((at for at in reversed(range(len(words))) if words[at]), 0)
    return ":".join(f"{word:x}" for word in reversed(words[: last + 1]))
