"""Describe a kernel from any source: a file of any kind, a directory, or the running kernel."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pymodutils.elf import compress, contents
from pymodutils.errors import BadKernel, BadModule
from pymodutils.kernel import saved
from pymodutils.kernel.combine import combine, derive
from pymodutils.root import Root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.kernel.description import Description

RUNNING: Final = "running"
LIMIT: Final = 1 << 30  # bytes of a file that is read completely
START: Final = 4096  # bytes that identify the kind of a file
PACKED_START: Final = 132 << 10  # the same of a compressed file: more than a block of zstd


def describe(names: Sequence[str], root: Root = Root()) -> Description:  # noqa: B008 -- a value
    """The kernel described by the sources ``names``, in order of precedence.

    Raises BadKernel, BadModule or NotFound for a source that cannot be read.
    """
    return combine([one(name, root) for name in names])


def one(name: str, root: Root) -> Description:
    """The description from the source ``name``; ``running`` is the running kernel below ``root``."""
    if name == RUNNING and not os.path.exists(name):
        from pymodutils.kernel.sources import running  # noqa: PLC0415 -- a saved one needs none of these

        return running.describe(root)
    if os.path.isdir(name):
        from pymodutils.kernel.sources import folder  # noqa: PLC0415

        return folder.describe(name)
    return _file(name)


def _file(path: str) -> Description:
    start = _start(path)
    if saved.is_saved(_unpacked(start, path)):
        return derive(saved.loads(compress.read(path), path))
    from pymodutils.kernel.sources import folder, package  # noqa: PLC0415 -- see above
    from pymodutils.kernel.sources.files import Files, kind_of  # noqa: PLC0415

    if package.is_package(start):
        return package.describe(path, path)
    kind = kind_of(os.path.abspath(path)) or _kind_by_content(start)
    found = Files(path)
    found.add(path, kind, lambda: folder.read(path))
    return _with_configuration(found.describe(), path) if kind == "image" else found.describe()


def _start(path: str) -> bytes:
    """The first bytes of the file ``path``; raises BadKernel if it is too large to read."""
    with compress.regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > LIMIT:
            raise BadKernel(path, f"{path}: {size} bytes are more than a kernel or a package of it has")
        start = file.read(START)
        return start + file.read(PACKED_START - START) if compress.packing_of(start) else start


def _unpacked(start: bytes, path: str) -> bytes:
    """The decompressed first bytes of a file that begins with ``start``."""
    if not compress.packing_of(start):
        return start
    try:
        return bytes(contents.first(start, path, partial=True)[0])
    except BadModule:
        return start


def _kind_by_content(start: bytes) -> str:
    """The kind of a file that begins with ``start``, regardless of its name."""
    from pymodutils.kernel.sources import config  # noqa: PLC0415

    if start.startswith(b"0x"):
        return "symvers"
    if start.startswith(b"#define UTS_"):
        return "generated"
    return "config" if config.is_config(start.decode("utf-8", "surrogateescape")) else "image"


def _with_configuration(told: Description, path: str) -> Description:
    from pymodutils.kernel.sources import image  # noqa: PLC0415

    beside = image.beside(path, told.release)
    return combine([told, beside]) if beside else told
