"""Describe a kernel from a distribution package, read as a stream."""

from __future__ import annotations

import io
import os
from typing import IO, TYPE_CHECKING, Final

from pymodutils.errors import BadKernel
from pymodutils.kernel.sources import deb, rpm
from pymodutils.kernel.sources.files import Files, kind_of
from pymodutils.kernel.sources.limits import Budget
from pymodutils.kernel.sources.stream import CHUNK
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.kernel.description import Description

READERS: Final[dict[bytes, Callable[[IO[bytes], Budget], Iterator[tuple[str, int, IO[bytes]]]]]] = {
    deb.MAGIC: deb.members,
    rpm.MAGIC: rpm.members,
}


def is_package(start: bytes) -> bool:
    """Whether a file that begins with ``start`` is a package."""
    return any(start.startswith(magic) for magic in READERS)


def describe(path: str, subject: str) -> Description:
    """Describe the kernel in the package ``path``; raises BadKernel for ``subject``."""
    found = Files(subject)
    with open(path, "rb", opener=opener) as file:
        budget = Budget(subject, os.fstat(file.fileno()).st_size)
        start = file.read(len(deb.MAGIC))
        read = next(reader for magic, reader in READERS.items() if start.startswith(magic))
        for name, size, content in read(file, budget):
            member = f"{subject}:{name.removeprefix('.').lstrip('/')}"
            kind = kind_of(name.removeprefix("."))
            if kind:
                found.add(member, kind, lambda: whole(content, size, member, budget))  # noqa: B023 -- called at once
        if not found and start == deb.MAGIC and (names := deb.depends(file, budget)):
            raise BadKernel(
                subject, f"{subject}: it is a metapackage: give what it depends on: {', '.join(names)}"
            )
    return found.describe()


def image(path: str, into: str) -> str:
    """Unpack the kernel image of the package ``path`` to the file ``into``; return ``into``, or ""."""
    with open(path, "rb", opener=opener) as file:
        budget = Budget(path, os.fstat(file.fileno()).st_size)
        start = file.read(len(deb.MAGIC))
        read = next((reader for magic, reader in READERS.items() if start.startswith(magic)), None)
        for name, size, content in read(file, budget) if read else ():
            if kind_of(name.removeprefix(".")) == "image":
                with open(into, "wb") as unpacked:
                    unpacked.write(whole(content, size, f"{path}:{name}", budget))
                return into
    return ""


def whole(content: IO[bytes], size: int, member: str, budget: Budget) -> bytes:
    """Read a ``member`` of ``size`` bytes; raises BadKernel if it is too large or truncated."""
    data = io.BytesIO()  # one copy in memory, unlike content.read()
    data.writelines(pieces(content, size, member, budget))
    return data.getvalue()


def pieces(content: IO[bytes], size: int, member: str, budget: Budget) -> Iterator[bytes]:
    """The same in pieces."""
    budget.content(member, size)
    while piece := content.read(CHUNK):
        size -= len(piece)
        yield piece
    if size:
        raise BadKernel(member, f"{member}: the package ends within it")
