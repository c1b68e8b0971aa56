"""The C library through ctypes: system calls, fnmatch(3), regcomp(3) and mallopt(3)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ctypes

SPECIAL: Final = frozenset(b"*?[\\")
LC_ALL_MASK: Final = 0x1FBF  # locale.h of glibc; musl accepts any bits
REG_EXTENDED, REG_NOSUB = 1, 8  # regex.h of glibc and musl
REGEX_T: Final = 256  # bytes, more than sizeof(regex_t) of any C library
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
REUSED: Final = 32 << 20  # bytes of a buffer, the most that glibc accepts
KEPT: Final = 128 << 20  # bytes that are free


def syscall(number: int, *arguments: int | bytes) -> int:
    """The errno of system call ``number``, or 0; bytes are passed by address, never NULL."""
    import ctypes  # noqa: PLC0415 -- commands that only read modules do not need it

    passed = [
        ctypes.c_char_p(argument) if isinstance(argument, bytes) else ctypes.c_long(argument)
        for argument in arguments
    ]
    return ctypes.get_errno() if _library().syscall(ctypes.c_long(number), *passed) == -1 else 0


def fnmatch(pattern: bytes, text: bytes) -> bool:
    """Whether ``pattern`` matches all of ``text`` in the C locale, without flags, as in kmod.

    Python's fnmatch supports neither backslashes nor ``[^...]`` nor ``[[:alpha:]]``.
    """
    if SPECIAL.isdisjoint(pattern):  # most configuration lines; saves the import of ctypes
        return pattern == text
    library = _library()
    before = library.uselocale(_c_locale())
    matched: bool = library.fnmatch(pattern, text, 0) == 0
    library.uselocale(before)
    return matched


def matches(pattern: str, text: str) -> bool:
    """``fnmatch`` for text decoded with surrogateescape."""
    return fnmatch(_encoded(pattern), _encoded(text))


def regex_search(pattern: str, text: str) -> bool:
    """Whether the POSIX extended regular expression ``pattern`` matches anywhere in ``text`` (C locale).

    An invalid one matches nothing.
    """
    import ctypes  # noqa: PLC0415 -- as above

    library = _library()
    compiled = ctypes.create_string_buffer(REGEX_T)
    before = library.uselocale(_c_locale())
    try:
        if library.regcomp(compiled, _encoded(pattern), REG_EXTENDED | REG_NOSUB):
            return False
        matched: bool = library.regexec(compiled, _encoded(text), 0, None, 0) == 0
        library.regfree(compiled)
        return matched
    finally:
        library.uselocale(before)


def reuse_memory() -> None:
    """Keep freed buffers of up to REUSED bytes for the next ones, if the library has mallopt (musl has not).

    Otherwise each is of fresh pages; faulting these in takes longer than decompressing lz4 into them.
    """
    mallopt = getattr(_library(), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, REUSED)
        mallopt(M_TRIM_THRESHOLD, KEPT)


def _encoded(word: str) -> bytes:
    return word.encode("utf-8", "surrogateescape")


@cache
def _library() -> ctypes.CDLL:
    import ctypes  # noqa: PLC0415 -- as above

    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    library.newlocale.restype = library.uselocale.restype = ctypes.c_void_p
    library.newlocale.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p]
    library.uselocale.argtypes = [ctypes.c_void_p]
    return library


@cache
def _c_locale() -> int | None:
    """Switch to the C locale, as in kmod's tools; Python sets LC_CTYPE to the user's."""
    locale: int | None = _library().newlocale(LC_ALL_MASK, b"C", None)
    return locale
