"""modules.devname: device nodes that load their module when opened."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.errors import BadLine
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILE: Final = "modules.devname"
LINE: Final = re.compile(r"\s*(\S+)\s+(\S+)\s+([bc])\s*\+?([0-9]+):\s*\+?([0-9]+)", re.ASCII)
KINDS: Final = {"b": "block device", "c": "character device"}
LARGEST: Final = (1 << 32) - 1  # largest major or minor number


class StaticNode(NamedTuple):
    """A node below /dev and its module."""

    module: str
    name: str  # its path below /dev
    kind: str  # b or c
    major: int
    minor: int

    @property
    def path(self) -> str:
        """The absolute path of the node."""
        return f"/dev/{self.name}"


def read(lines: Iterable[str]) -> Iterator[StaticNode | BadLine]:
    """Each entry of ``lines`` as a node, or as an error; comments are skipped."""
    for number, line in enumerate(lines, start=1):
        entry = line.removesuffix("\n")
        if entry.startswith("#"):
            continue
        found = LINE.match(entry)
        if found is None or max(int(found[4]), int(found[5])) > LARGEST:
            yield BadLine(f"{FILE}:{number}", f"invalid devname entry: {entry}")
        else:
            yield StaticNode(found[1], found[2], found[3], int(found[4]), int(found[5]))


def load(path: str) -> list[StaticNode | BadLine]:
    """The entries of the file ``path``; raises OSError."""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n", opener=opener) as file:
        return list(read(file))


def human(nodes: Iterable[StaticNode]) -> Iterator[str]:
    """Readable lines."""
    for node in nodes:
        yield f"Module: {node.module}"
        yield f"\tDevice node: {node.path}"
        yield f"\t\tType: {KINDS[node.kind]}"
        yield f"\t\tMajor: {node.major}"
        yield f"\t\tMinor: {node.minor}"


def tmpfiles(nodes: Iterable[StaticNode]) -> Iterator[str]:
    """Lines of tmpfiles.d(5); directories are created before their nodes."""
    for node in nodes:
        parent = os.path.dirname(node.path)
        if "/" in node.name:
            yield f"d {parent if parent != '/dev' else '/dev/'} 0755 - - -"
        yield f"{node.kind}! {node.path} 0600 - - - {node.major}:{node.minor}"


def devname(nodes: Iterable[StaticNode]) -> Iterator[str]:
    """The lines of modules.devname without comments."""
    for node in nodes:
        yield f"{node.module} {node.name} {node.kind}{node.major}:{node.minor}"


FORMATS: Final = {"human": human, "tmpfiles": tmpfiles, "devname": devname}
