"""Virtual files and folders, created on access."""

from __future__ import annotations

import os
from errno import EACCES, EIO, EISDIR, ELOOP, ENOENT, ENOTDIR
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


MOST_LINKS: Final = 8
PATH_MAX: Final = 4096  # bytes


class File(NamedTuple):
    """A file with functions to read and write it."""

    mode: int
    read: Callable[[], bytes] | None = None  # None: it cannot be read
    write: Callable[[bytes], None] | None = None  # None: it cannot be written
    size: int = 4096  # as in stat


class Link(NamedTuple):
    """A symbolic link."""

    target: str


class Folder(NamedTuple):
    """A folder with a function for its entries; ``one`` looks up a single entry."""

    entries: Callable[[], Mapping[str, Node]]
    one: Callable[[str], Node | None] | None = None

    def child(self, name: str) -> Node | None:
        """The entry ``name``, or None."""
        return self.one(name) if self.one else self.entries().get(name)


Node = File | Link | Folder


def file(text: str, mode: int = 0o444, size: int = 4096) -> File:
    """A read-only file with a text."""
    return File(mode, lambda: text.encode("utf-8", "surrogateescape"), size=size)


def folder(entries: Mapping[str, Node]) -> Folder:
    """A folder with fixed entries."""
    return Folder(lambda: entries)


def find(root: Folder, path: str) -> Node:
    """The node at ``path``, links followed; raises Refused: ENOENT, ENOTDIR or ELOOP."""
    places: list[Node] = [root]
    rest = [part for part in path.split("/") if part] + ["."] * path.endswith("/")
    node: Node = root
    links = 0
    while rest:
        node, rest = _step(path, places, rest)
        links += isinstance(node, Link)
        if links > MOST_LINKS:
            raise refused(path, ELOOP)
    return places[-1] if isinstance(node, Link) else node


def _step(path: str, places: list[Node], rest: list[str]) -> tuple[Node, list[str]]:
    """The node of the first of ``rest`` below the last of ``places``, and the remaining path."""
    part, *rest = rest
    here = places[-1]
    if not isinstance(here, Folder):
        raise refused(path, ENOTDIR)
    if part in (".", ".."):
        if part == ".." and len(places) > 1:
            places.pop()
        return places[-1], rest
    found = here.child(part)
    if found is None:
        raise refused(path, ENOENT)
    if isinstance(found, Link):
        return found, [*found.target.split("/"), *rest]
    places.append(found)
    return found, rest


def read(root: Folder, path: str) -> bytes:
    """The contents of the file at ``path``; raises Refused."""
    node = find(root, path)
    if not isinstance(node, File):
        raise refused(path, EISDIR)
    if node.read is None:
        raise refused(path, EACCES)
    return node.read()


def write(root: Folder, path: str, data: bytes) -> None:
    """Write ``data`` to the file at ``path``; raises Refused with the errno of the call."""
    node = find(root, path)
    if not isinstance(node, File):
        raise refused(path, EISDIR)
    if node.write is None:
        raise refused(path, EACCES)
    node.write(data)


def names(root: Folder, path: str) -> list[str]:
    """The entries of the folder at ``path``, sorted; raises Refused."""
    node = find(root, path)
    if not isinstance(node, Folder):
        raise refused(path, ENOTDIR)
    entries = node.entries()
    if not all(map(_is_listed, entries)):
        raise refused(path, EIO)
    return sorted(entries)


def _is_listed(name: str) -> bool:
    """Whether getdents accepts an entry of this name; fs/readdir.c: verify_dirent_name."""
    return 0 < len(os.fsencode(name)) < PATH_MAX and "/" not in name


def walk(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every node below ``node`` with its path, folders before their contents.

    A folder that cannot be listed because of the name of an entry counts as empty.
    """
    if path:
        yield path, node
    entries = node.entries() if isinstance(node, Folder) else {}
    if all(map(_is_listed, entries)):
        for name, child in entries.items():
            yield from walk(child, f"{path}/{name}")


def refused(path: str, code: int) -> Refused:
    """The error of a call for ``path``."""
    return Refused(path, f"{path}: {os.strerror(code)}", code)
