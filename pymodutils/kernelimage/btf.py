"""The size of a C structure from the kernel's BTF. https://docs.kernel.org/bpf/btf.html."""

from __future__ import annotations

from struct import calcsize, pack, unpack_from
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER: Final = "HBBIIIII"  # magic, version, flags, hdr_len, type_off, type_len, str_off, str_len
MAGIC: Final = 0xEB9F
STRUCT: Final = 4  # BTF_KIND_STRUCT
LARGEST: Final = 1 << 16  # bytes, larger than any structure of interest
FEWEST: Final = 1 << 16  # minimum bytes of types in the BTF of a kernel


def struct_size(data: bytes, name: str, order: str) -> int | None:
    """The size of ``struct name`` from the BTF in ``data``; None if there is none or it is ambiguous."""
    prefix = _prefix(order)
    blobs = _blobs(data, prefix)
    sizes = {size for _, types, strings in blobs for size in _sizes(types, strings, name, prefix)}
    return sizes.pop() if len(sizes) == 1 else None


def find(data: bytes, order: str) -> bytes | None:
    """The only BTF in ``data`` that is large enough for a kernel's, or None."""
    found = [blob for blob, _, _ in _blobs(data, _prefix(order))]
    return found[0] if len(found) == 1 else None


def _prefix(order: str) -> str:
    return ">" if order == "big" else "<"


def _blobs(data: bytes, prefix: str) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The whole, the types and the strings of each BTF that is large enough for a kernel's."""
    magic = pack(prefix + "HBBI", MAGIC, 1, 0, calcsize(prefix + HEADER))
    at = data.find(magic)
    while at >= 0 and at + 24 <= len(data):
        *_, head, type_off, type_len, str_off, str_len = unpack_from(prefix + HEADER, data, at)
        start = at + head
        if type_len >= FEWEST and start + str_off + str_len <= len(data) and type_off + type_len <= str_off:
            types = data[start + type_off : start + type_off + type_len]
            end = start + str_off + str_len
            yield data[at:end], types, data[start + str_off : end]
        at = data.find(magic, at + 4)


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
