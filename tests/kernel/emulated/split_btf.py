"""Split BTF of every kind of fault, as records of types that extend a kernel's."""

from __future__ import annotations

from struct import pack
from typing import Final, NamedTuple

from tests.kernel.emulated.btf_record import BEYOND, FINE, NONE, STRINGS, Named, Own, Record
from tests.kernel.emulated.btf_records import RECORDS


class Start(NamedTuple):
    """Where the kernel's types and strings end."""

    types: int
    strings: int


HEADERS: Final[
    dict[str, dict[int, tuple[str, int]]]
] = {  # changed fields of the header: place -> form, value
    "magic": {0: ("<H", 0x9FEB)},
    "version": {2: ("B", 2)},
    "flags": {3: ("B", 1)},
    **{f"header of {size}": {4: ("<I", size)} for size in (0, 8, 20, 23, 25, 28, 32, 1 << 20)},
    **{f"types at {at}": {8: ("<I", at)} for at in (1, 4, 16, 1 << 20)},
    **{f"{size} bytes of types": {12: ("<I", size)} for size in (0, 4, 12, 15, 20, 1 << 20, 0xFFFF_FFFF)},
    **{f"strings at {at}": {16: ("<I", at)} for at in (0, 15, 17, 20, 1 << 20)},
    **{f"{size} bytes of strings": {20: ("<I", size)} for size in (0, 1, 4, 5, 1 << 20, 0xFFFF_FFFF)},
}
CUT: Final = (4, 7, 8, 12, 23, 24, 30, 39)  # bytes that are left


def blobs(start: Start) -> dict[str, bytes]:
    """The contents of .BTF by case, for a kernel whose types and strings end at ``start``."""
    found = {case: _blob(records, start) for case, records in RECORDS.items()}
    plain = _blob((FINE,), start)
    for case, fields in HEADERS.items():
        changed = bytearray(plain)
        for at, (form, value) in fields.items():
            field = pack(form, value)
            changed[at : at + len(field)] = field
        found[case] = bytes(changed)
    found |= {f"cut to {size}": plain[:size] for size in CUT}
    found["no NUL at the end"] = plain[:-1] + b"x"
    found["more than it says"] = plain + b"\0"
    return found


def _blob(records: tuple[Record, ...], start: Start) -> bytes:
    strings = b"".join(text.encode("latin-1") + b"\0" for text in STRINGS)
    places = [strings.index(text.encode("latin-1") + b"\0") + start.strings for text in STRINGS]
    types = b"".join(_record(record, start, places) for record in records)
    return pack("<HBBI4I", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(strings)) + types + strings


def _record(record: Record, start: Start, places: list[int]) -> bytes:
    info = record.flag << 31 | record.kind << 24 | record.vlen | record.spare
    words = (_name(record.name, start, places), info, record.size, *record.words)
    return pack(f"<{len(words)}I", *(_word(word, start, places) for word in words))


def _word(word: int, start: Start, places: list[int]) -> int:
    if isinstance(word, Own):
        return start.types + word
    return _name(word, start, places) if isinstance(word, Named) else word


def _name(name: int, start: Start, places: list[int]) -> int:
    if name == BEYOND:
        return start.strings + BEYOND
    return 0 if name == NONE else places[name]
