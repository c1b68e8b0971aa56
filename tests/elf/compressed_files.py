"""Compressed files, valid and damaged, with many settings."""

from __future__ import annotations

import gzip
import lzma
import random
from binascii import crc32

LZMA2 = {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}
CHECKS = {
    "none": lzma.CHECK_NONE,
    "crc32": lzma.CHECK_CRC32,
    "crc64": lzma.CHECK_CRC64,
    "sha256": lzma.CHECK_SHA256,
}
FILTERS = {
    "x86": lzma.FILTER_X86,
    "powerpc": lzma.FILTER_POWERPC,
    "ia64": lzma.FILTER_IA64,
    "arm": lzma.FILTER_ARM,
    "armthumb": lzma.FILTER_ARMTHUMB,
    "sparc": lzma.FILTER_SPARC,
}
DICTIONARIES = (0, 16, 28, 36, 37, 39, 40, 41, 255)
ENDS = (6, 7, 11, 12, 13, 20, 24, 25, 100)
BYTES = (6, 7, 8, 12, 13, 14, 15, 20, 24, -1, -5, -13, -20, -28)
HEADER = 12  # bytes of xz's stream header; the block header follows


def xz(data: bytes, *filters: dict[str, int], check: int = lzma.CHECK_CRC32) -> bytes:
    """``data`` compressed with ``filters`` before LZMA2."""
    chain = [*filters, {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
    return lzma.compress(data, lzma.FORMAT_XZ, check, filters=chain)


def with_dictionary(file: bytes, code: int) -> bytes:
    """``file``, without other filters, with the dictionary size of ``code``."""
    size = (file[HEADER] + 1) * 4
    header = bytearray(file[HEADER : HEADER + size - 4])
    header[4] = code
    return file[:HEADER] + bytes(header) + crc32(header).to_bytes(4, "little") + file[HEADER + size :]


def of_xz(data: bytes) -> dict[str, bytes]:
    """Files of xz with ``data``, by their special property."""
    plain = xz(data)
    chance = random.Random(5)  # noqa: S311
    return {
        **{f"check {name}": xz(data, check=check) for name, check in CHECKS.items()},
        **{f"filter {name}": xz(data, {"id": number}) for name, number in FILTERS.items()},
        "filter delta": xz(data, {"id": lzma.FILTER_DELTA, "dist": 4}),
        "filter with an offset": xz(data, {"id": lzma.FILTER_X86, "start_offset": 16}),
        "two filters": xz(data, {"id": lzma.FILTER_X86}, {"id": lzma.FILTER_ARM}),
        **{
            f"dictionary {code}": with_dictionary(plain, code)
            for code in (0, 16, 28, 36, 37, 39, 40, 41, 255)
        },
        "nothing": xz(b""),
        "two streams": xz(data[:4096]) + xz(data[4096:]),
        "two streams of which the first is whole": plain + plain,
        "padding": plain + bytes(8),
        "garbage after it": plain + b"garbage",
        **{
            f"cut at {at}": plain[:at]
            for at in (6, 7, 11, 12, 13, 20, 24, 25, 100, len(plain) - 30, len(plain) - 1)
        },
        **{
            f"flipped {at}": flipped(plain, at)
            for at in (6, 7, 8, 12, 13, 14, 15, 20, 24, -1, -5, -13, -20, -28)
        },
        **{
            f"flipped {at}": flipped(plain, at) for at in (chance.randrange(24, len(plain)) for _ in range(8))
        },
        "no xz": gzip.compress(data, mtime=0),
        "plain": data,
        "seven bytes": b"\xfd7zXZ\0\0",
    }


def flipped(data: bytes, at: int) -> bytes:
    """``data`` with one bit of byte ``at`` changed."""
    changed = bytearray(data)
    changed[at] ^= 4
    return bytes(changed)
