"""Read Debian packages: an ar archive with a tar archive in it. deb(5)."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Final

from pymodutils.errors import BadKernel
from pymodutils.kernel.sources import tar
from pymodutils.kernel.sources.stream import Window, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.kernel.sources.limits import Budget

MAGIC: Final = b"!<arch>\n"
DEPENDS: Final = re.compile(rb"^Depends:(.*(?:\n .*)*)", re.MULTILINE)
KERNEL: Final = re.compile(r"linux-(?:image|binary|modules|base)-")
NAME: Final = re.compile(r"(?:^|[,|])\s*([^\s,|(:]+)")
CONTROL_LIMIT: Final = 1 << 20  # bytes
HEADER: Final = 60  # header of each member: name[16] time[12] uid[6] gid[6] mode[8] size[10] end[2]


def members(file: IO[bytes], budget: Budget) -> Iterator[tuple[str, int, IO[bytes]]]:
    """(path, size, content) of each regular file in the package; raises BadKernel."""
    subject = budget.subject
    file.seek(len(MAGIC))
    while header := file.read(HEADER):
        name, size = header[:16].strip(), header[48:58].strip()
        if len(header) < HEADER or header[58:] != b"`\n" or not size.isdigit():
            raise BadKernel(subject, f"{subject}: not a Debian package: a member of its archive is damaged")
        budget.member("", 0)
        start = file.tell()
        if name.startswith(b"data.tar"):
            yield from tar.members(plain(Window(file, start, int(size)), budget), budget)
            return
        file.seek(start + int(size) + int(size) % 2)
    raise BadKernel(subject, f"{subject}: not a Debian package: it has no data.tar")


def depends(file: IO[bytes], budget: Budget) -> list[str]:
    """The kernel packages that the package, a metapackage, depends on."""
    for path, size, content in _control(file, budget):
        if path.removeprefix("./") == "control":
            found = DEPENDS.search(content.read(min(size, CONTROL_LIMIT)))
            names = (
                re.findall(r"(?:^|[,|])\s*([^\s,|(:]+)", found[1].decode("ascii", "replace")) if found else []
            )
            return [name for name in names if KERNEL.match(name)]
    return []


def _control(file: IO[bytes], budget: Budget) -> Iterator[tuple[str, int, IO[bytes]]]:
    file.seek(len(MAGIC))
    while header := file.read(HEADER):
        start, size = file.tell(), int(header[48:58])
        if header.startswith(b"control.tar"):
            yield from tar.members(plain(Window(file, start, size), budget), budget)
            return
        file.seek(start + size + size % 2)
