"""The size of a C structure from the kernel's BTF. https://docs.kernel.org/bpf/btf.html."""

from __future__ import annotations

import re
from struct import calcsize, pack, unpack_from
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEADER: Final = "HBBIIIII"  # magic, version, flags, hdr_len, type_off, type_len, str_off, str_len
MAGIC: Final = 0xEB9F
STRUCT: Final = 4  # BTF_KIND_STRUCT
LARGEST: Final = 1 << 16  # bytes, larger than any structure of interest
FEWEST: Final = 1 << 16  # minimum bytes of types in the BTF of a kernel


class FoundBtf(NamedTuple):
    """A BTF in an image."""

    whole: bytes
    types: bytes
    strings: bytes


def struct_size(blobs: Sequence[FoundBtf], name: str, order: str) -> int | None:
    """The size of ``struct name`` from ``blobs``; None if there is none or it is ambiguous."""
    prefix = _prefix(order)
    sizes = {size for btf in blobs for size in _sizes(btf.types, btf.strings, name, prefix)}
    return sizes.pop() if len(sizes) == 1 else None


def find(data: bytes, order: str) -> list[FoundBtf]:
    """Each BTF in ``data`` that is large enough for a kernel's."""
    return list(_blobs(data, _prefix(order)))


def _prefix(order: str) -> str:
    return ">" if order == "big" else "<"


def _blobs(data: bytes, prefix: str) -> Iterator[FoundBtf]:
    magic = pack(prefix + "HBBI", MAGIC, 1, 0, calcsize(prefix + HEADER))
    for match in re.finditer(re.escape(magic), data):  # bytes.find is slow with zeros at the end
        at = match.start()
        if at + calcsize(prefix + HEADER) > len(data):
            break
        *_, head, type_off, type_len, str_off, str_len = unpack_from(prefix + HEADER, data, at)
        start = at + head
        if type_len >= FEWEST and start + str_off + str_len <= len(data) and type_off + type_len <= str_off:
            types = data[start + type_off : start + type_off + type_len]
            end = start + str_off + str_len
            yield FoundBtf(data[at:end], types, data[start + str_off : end])


def _sizes(types: bytes, strings: bytes, name: str, prefix: str) -> Iterator[int]:
    """The size in each record of a structure named ``name``."""
    place = strings.find(b"\0" + name.encode() + b"\0")
    wanted = pack(prefix + "I", place + 1)
    at = types.find(wanted) if place >= 0 else -1
    while at >= 0 and at + 12 <= len(types):
        _, info, size = unpack_from(prefix + "III", types, at)
        if at % 4 == 0 and info >> 24 & 0x1F == STRUCT and info & 0xFFFF and size < LARGEST:
            yield size
        at = types.find(wanted, at + 1)
