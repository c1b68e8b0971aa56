"""The trailer that scripts/sign-file appends to a module; include/linux/module_signature.h.

The file ends with the signer's name, the key identifier, the signature, a record of 12 bytes and a magic
line.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from pymodutils.mapped import Contents

MAGIC: Final = b"~Module signature appended~\n"
RECORD: Final = Struct(">5B3sI")  # struct module_signature
END: Final = RECORD.size + len(MAGIC)
GUESS: Final = 1024  # bytes at the end of a file that contain most signatures
PKCS7: Final = 2  # enum pkey_id_type


class SeekableFile(Protocol):
    """A file of ``size`` bytes that can be read at any offset."""

    size: int

    def read(self, offset: int, size: int, /) -> bytes:
        """Return ``size`` bytes at ``offset``."""
        ...


class Record(NamedTuple):
    """A struct module_signature: identifiers of algorithms, and lengths in bytes."""

    algo: int
    hash: int
    id_type: int
    signer_len: int
    key_id_len: int
    pad: bytes
    sig_len: int


class Trailer(NamedTuple):
    """The data appended to a module, without the magic line."""

    record: Record
    signer: bytes
    key: bytes
    value: bytes


def record(data: Contents) -> Record:
    """Return the record at the end of ``data``: at least END bytes, with the magic line last."""
    return Record(*RECORD.unpack_from(data, len(data) - END))


def find(file: SeekableFile) -> Trailer | None:
    """Return the trailer of ``file``; None without one or if its lengths exceed the file."""
    if file.size < END:
        return None
    guess = min(GUESS, file.size)
    tail = file.read(file.size - guess, guess)
    if not tail.endswith(MAGIC):
        return None
    found = record(tail)
    signer, key = found.signer_len, found.key_id_len
    whole = signer + key + found.sig_len
    if whole + END > file.size:
        return None
    if whole + END > guess:
        tail = file.read(file.size - END - whole, whole + END)
    parts = tail[-END - whole : -END]
    return Trailer(found, parts[:signer], parts[signer : signer + key], parts[signer + key :])
