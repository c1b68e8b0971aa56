"""Module files as ``elf.compress`` reads them, but large ones as private files that are mapped."""

from __future__ import annotations

import os
from errno import EFBIG
from typing import TYPE_CHECKING, Final

from pymodutils.elf import compress
from pymodutils.errors import BadModule
from pymodutils.mapped import PIECE, settled, spool

if TYPE_CHECKING:
    from pymodutils.mapped import Contents

LARGEST: Final = 1 << 30  # bytes of a module file: several times one with all debug information


def content(path: str) -> Contents:
    """The regular file ``path`` as it is; raises as ``compress.content``, and BadModule beyond LARGEST."""
    with compress.regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST:
            raise BadModule(path, f"{path}: {size} bytes are more than a module has", EFBIG)
        try:
            with spool() as found:
                while piece := file.read(PIECE):
                    found.write(piece)
                return settled(found)
        except OSError as error:
            raise compress.unreadable(path, error) from None


def read(path: str) -> Contents:
    """The module file ``path`` without its compression; raises as ``compress.read``."""
    return decompress(content(path), path)


def module(path: str) -> Contents:
    """The same; raises BadModule about one too short, as ``compress.module``."""
    found = content(path)
    compress.check_length(found, path)
    return decompress(found, path)


def decompress(data: Contents, subject: str) -> Contents:
    """``data`` without its compression; raises as ``compress.decompress``."""
    if not compress.packing_of(data):
        return data
    with spool() as found:
        compress.decompress_into(data, subject, found)
        return settled(found)


def first(data: Contents, subject: str, *, partial: bool = False) -> tuple[Contents, int]:
    """The content of the first stream of ``data``, which must be compressed, and where that ends.

    With ``partial``, a truncated stream yields what it contains. Raises as ``compress.decompress``.
    """
    packing = compress.packing_of(data)
    with spool() as found:
        end = compress.add_stream(data, 0, packing, subject, found, partial=partial)
        return settled(found), end
