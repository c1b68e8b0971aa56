"""zstd by the C library libzstd, where Python has none: the part of ``compression.zstd`` that is used here.

Debian 12 and 13 do not package backports.zstd, but every Debian has libzstd.
"""

from __future__ import annotations

import ctypes
import io
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint, c_ulonglong, c_void_p
from functools import cache
from typing import IO, Final, NamedTuple, cast

LIBRARY: Final = "libzstd.so.1"
UNKNOWN, INVALID = 2**64 - 1, 2**64 - 2  # ZSTD_CONTENTSIZE_*
CUT: Final = "the data ends within a frame"
PIECE: Final = 1 << 17  # bytes read from a file at once


class ZstdError(Exception):
    """Data that is no zstd stream; the message is that of libzstd."""


class FrameInfo(NamedTuple):
    """What the header of a frame says."""

    decompressed_size: int | None


class ZstdBuffer(ctypes.Structure):
    """ZSTD_inBuffer and ZSTD_outBuffer, which have the same members."""

    _fields_ = (("data", c_void_p), ("size", c_size_t), ("pos", c_size_t))


@cache
def loaded() -> ctypes.CDLL:
    """The library; raises ImportError if there is none."""
    try:
        found = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise ImportError(str(error)) from None
    for name, result, *arguments in (
        ("ZSTD_isError", c_uint, c_size_t),
        ("ZSTD_getErrorName", c_char_p, c_size_t),
        ("ZSTD_getFrameContentSize", c_ulonglong, c_char_p, c_size_t),
        ("ZSTD_createDStream", c_void_p),
        ("ZSTD_freeDStream", c_size_t, c_void_p),
        ("ZSTD_decompressStream", c_size_t, c_void_p, POINTER(ZstdBuffer), POINTER(ZstdBuffer)),
        ("ZSTD_compressBound", c_size_t, c_size_t),
        ("ZSTD_compress", c_size_t, c_void_p, c_size_t, c_char_p, c_size_t, c_int),
    ):
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found


def _checked(result: int) -> int:
    if loaded().ZSTD_isError(result):
        raise ZstdError(loaded().ZSTD_getErrorName(result).decode())
    return result


def get_frame_info(data: bytes) -> FrameInfo:
    """The header of the frame that ``data`` begins with; raises ZstdError."""
    size = loaded().ZSTD_getFrameContentSize(data, len(data))
    if size == INVALID:
        raise ZstdError("the header of the frame is damaged")
    return FrameInfo(None if size == UNKNOWN else size)


def compress(data: bytes, level: int = 3) -> bytes:
    """``data`` as one frame."""
    room = ctypes.create_string_buffer(loaded().ZSTD_compressBound(len(data)))
    size = _checked(loaded().ZSTD_compress(room, len(room), data, len(data), level))
    return ctypes.string_at(room, size)


def decompress(data: bytes) -> bytes:
    """The content of all frames of ``data``; raises ZstdError."""
    try:
        return ZstdFile(io.BytesIO(data)).read()
    except EOFError as error:
        raise ZstdError(str(error)) from None


class ZstdDecompressor:
    """One frame, decompressed in pieces."""

    def __init__(self) -> None:
        self._library = loaded()
        self._stream = self._library.ZSTD_createDStream()
        self._left = b""  # input that did not fit into the output
        self.eof, self.needs_input, self.unused_data = False, True, b""

    def __del__(self) -> None:
        self._library.ZSTD_freeDStream(self._stream)

    def decompress(self, data: bytes | memoryview, max_length: int) -> bytes:
        """At most ``max_length`` bytes of the frame; raises ZstdError."""
        given = self._left + bytes(data)
        room = ctypes.create_string_buffer(max_length)
        source = ZstdBuffer(ctypes.cast(c_char_p(given), c_void_p), len(given), 0)
        target = ZstdBuffer(ctypes.addressof(room), max_length, 0)
        while not self.eof:
            before = source.pos, target.pos
            hint = self._library.ZSTD_decompressStream(self._stream, target, source)
            self.eof = not _checked(hint)
            if before == (source.pos, target.pos):
                break
        rest = given[source.pos :]
        self._left, self.unused_data = (b"", rest) if self.eof else (rest, b"")
        self.needs_input = not self.eof and not rest and target.pos < max_length
        return ctypes.string_at(room, target.pos)


class _Frames(io.RawIOBase):
    """The content of the frames in a file, one after the other."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._stream = file, ZstdDecompressor()
        self._ahead, self._within = b"", False

    def readable(self) -> bool:
        return True

    def readinto(self, room: bytearray, /) -> int:  # type: ignore[override]
        piece = b""
        while not piece and self._fed():
            piece = self._stream.decompress(self._ahead, len(room))
            self._ahead, self._within = self._stream.unused_data, not self._stream.eof
        room[: len(piece)] = piece
        return len(piece)

    def _fed(self) -> bool:
        """Whether there is more to decompress; raises EOFError within a frame."""
        if self._stream.eof:
            self._stream = ZstdDecompressor()
        if self._stream.needs_input and not self._ahead:
            self._ahead = self._file.read(PIECE)
            if not self._ahead and self._within:
                raise EOFError(CUT)
            return bool(self._ahead)
        return True


def ZstdFile(file: IO[bytes]) -> io.BufferedReader:  # noqa: N802 -- as in compression.zstd
    """``file`` to be read decompressed; raises ZstdError, EOFError if it ends within a frame."""
    return io.BufferedReader(cast("io.RawIOBase", _Frames(file)))
