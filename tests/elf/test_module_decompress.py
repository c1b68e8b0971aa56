"""The kernel's decompressors for gzip and zstd, by their source; xz is judged by a real kernel."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import zlib
from struct import pack

import pytest

from pymodutils.elf.module_decompress import Undecompressed, module_decompress
from tests.elf.compressed_files import flipped, of_xz

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DATA = random.Random(3).randbytes(3000) + bytes(5000)  # noqa: S311
FTEXT, FHCRC, FEXTRA, FNAME, FCOMMENT = 1, 2, 4, 8, 16


def gz(flags: int = 0, fields: bytes = b"", end: bytes | None = None) -> bytes:
    """DATA in a gzip file with ``flags`` and their ``fields``."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = stream.compress(DATA) + stream.flush()
    trailer = pack("<II", zlib.crc32(DATA), len(DATA)) if end is None else end
    return b"\x1f\x8b\x08" + bytes((flags,)) + bytes(6) + fields + body + trailer


def kernel(data: bytes, packing: str, *options: str) -> bytes | str:
    """The kernel's result for ``data``, or its message."""
    try:
        return bytes(module_decompress(data, packing, options.__contains__))
    except Undecompressed as error:
        return str(error)


NAMED = gz(FNAME, b"x.ko\0")
GZIP = {
    "plain": (gz(), DATA),
    "named": (NAMED, DATA),
    "text": (gz(FTEXT), DATA),
    "wrong CRC": (gz(end=bytes(8)), DATA),
    "no trailer": (gz(end=b""), DATA),
    "two members": (gz() * 2, DATA),
    "extra field": (gz(FEXTRA, b"\4\0abcd"), "decompression failed with status -3"),
    "comment": (gz(FCOMMENT, b"why\0"), "decompression failed with status -3"),
    "header CRC": (gz(FHCRC, b"\xfe\xff"), "decompression failed with status -3"),
    "a name without end": (NAMED[:14], "not a gzip compressed module"),
    "half a header": (gz()[:9], "not a gzip compressed module"),
    "header alone": (gz()[:10], "decompression failed with status -5"),
    "cut": (gz()[:-20], "decompression failed with status -5"),
    "another method": (b"\x1f\x8b\x07" + gz()[3:], "not a gzip compressed module"),
}
FRAME = zstd.compress(DATA, options={zstd.CompressionParameter.checksum_flag: 1})
INCOMPLETE = "ZSTD-compressed data has an incomplete frame header"
WINDOW = zstd.compress(b"")[:4] + b"\0"  # no content size, so a window descriptor
ZSTD = {
    "plain": (FRAME, DATA),
    "two frames": (FRAME * 2, DATA),
    "garbage after it": (FRAME + b"garbage", DATA),
    "magic alone": (FRAME[:4], INCOMPLETE),
    "half a header": (FRAME[:6], INCOMPLETE),
    "reserved bit": (FRAME[:4] + bytes((FRAME[4] | 8,)) + FRAME[5:], INCOMPLETE),
    "wrong checksum": (flipped(FRAME, -1), "ZSTD-decompression failed with status 22"),
    "a large window": (WINDOW + b"\x89" + bytes(8), "ZSTD-decompression failed with status 16"),
    "another format": (gzip.compress(DATA), "not a zstd compressed module"),
}


@pytest.mark.parametrize("name", GZIP)
def test_gzip(name: str) -> None:
    file, expected = GZIP[name]
    assert kernel(file, "gzip") == expected


@pytest.mark.parametrize("name", ZSTD)
def test_zstd(name: str) -> None:
    file, expected = ZSTD[name]
    assert kernel(file, "zstd") == expected


def test_a_truncated_frame_gives_what_it_holds() -> None:
    cut = kernel(zstd.compress(DATA * 200)[:-9], "zstd")
    assert isinstance(cut, bytes)
    assert (DATA * 200).startswith(cut)


def test_a_filter_must_be_built_in() -> None:
    files = of_xz(DATA)
    refused = "decompression failed with status 6"
    assert kernel(files["filter arm"], "xz", "XZ_DEC_X86") == refused
    assert kernel(files["filter arm"], "xz") == refused
    assert kernel(files["filter arm"], "xz", "XZ_DEC_ARM") == DATA


def test_each_block_is_looked_at() -> None:
    blocks = subprocess.run(
        ["xz", "--check=crc32", "--block-size=2000", "--x86", "--lzma2=dict=1MiB"],
        input=DATA,
        capture_output=True,
        check=True,
    ).stdout
    assert kernel(blocks, "xz", "XZ_DEC_X86") == DATA
    assert kernel(blocks, "xz", "XZ_DEC_ARM") == "decompression failed with status 6"
