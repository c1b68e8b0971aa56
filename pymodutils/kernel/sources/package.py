"""What a distribution package tells, read file by file as it is unpacked."""

from __future__ import annotations

import tarfile
from typing import IO, TYPE_CHECKING, Final

from pymodutils.elf.kernelimage.payload import LIMIT
from pymodutils.errors import BadKernel
from pymodutils.kernel.sources import deb, rpm
from pymodutils.kernel.sources.files import Files, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.kernel.description import Description

READERS: Final[dict[bytes, Callable[[IO[bytes], str], Iterator[tuple[str, int, IO[bytes]]]]]] = {
    deb.MAGIC: deb.members,
    rpm.MAGIC: rpm.members,
}


def is_package(start: bytes) -> bool:
    """Whether a file that begins with ``start`` is a package."""
    return any(start.startswith(magic) for magic in READERS)


def describe(path: str, subject: str) -> Description:
    """What the package ``path`` tells; raises BadKernel about ``subject``."""
    found = Files(subject)
    with open(path, "rb") as file:
        start = file.read(len(deb.MAGIC))
        read = next(reader for magic, reader in READERS.items() if start.startswith(magic))
        for name, size, content in read(file, subject):
            member = f"{subject}:{name.removeprefix('.').lstrip('/')}"
            kind = kind_of(name.removeprefix("."))
            if kind:
                found.add(member, kind, lambda: _whole(content, size, member))  # noqa: B023 -- called at once
    return found.describe()


def _whole(content: IO[bytes], size: int, member: str) -> bytes:
    if size > LIMIT:
        raise BadKernel(member, f"{member}: {size} bytes are more than a file of a kernel has")
    try:
        data = content.read()
    except tarfile.TarError:
        data = b""
    if len(data) != size:
        raise BadKernel(member, f"{member}: the package ends within it")
    return data
