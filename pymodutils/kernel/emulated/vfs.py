"""Files and folders that are made when they are looked at."""

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
    """A file: what it holds now, and what writing to it does."""

    mode: int
    read: Callable[[], bytes] | None = None  # None: it cannot be read
    write: Callable[[bytes], None] | None = None  # None: it cannot be written
    size: int = 4096  # as stat tells it


class Link(NamedTuple):
    """A symbolic link."""

    target: str


class Folder(NamedTuple):
    """A folder: the entries that it has now; ``one`` finds one of many without making the others."""

    entries: Callable[[], Mapping[str, Node]]
    one: Callable[[str], Node | None] | None = None

    def child(self, name: str) -> Node | None:
        """The entry called ``name``, or None."""
        return self.one(name) if self.one else self.entries().get(name)


Node = File | Link | Folder


def file(text: str, mode: int = 0o444, size: int = 4096) -> File:
    """A file with a text that nobody writes to."""
    return File(mode, lambda: text.encode("utf-8", "surrogateescape"), size=size)


def folder(entries: Mapping[str, Node]) -> Folder:
    """A folder whose entries are known already."""
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
    """The node that the first of ``rest`` leads to from the last of ``places``, and what is left to go."""
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
    """What the file at ``path`` holds; raises Refused."""
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
    """What is in the folder at ``path``, sorted; raises Refused."""
    node = find(root, path)
    if not isinstance(node, Folder):
        raise refused(path, ENOTDIR)
    entries = node.entries()
    if not all(map(_is_listed, entries)):
        raise refused(path, EIO)
    return sorted(entries)


def _is_listed(name: str) -> bool:
    """Whether getdents takes an entry of this name; fs/readdir.c: verify_dirent_name."""
    return 0 < len(os.fsencode(name)) < PATH_MAX and "/" not in name


def walk(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every node below ``node`` with its path, folders before what is in them.

    Nothing is seen in a folder that cannot be listed for the name of one entry.
    """
    if path:
        yield path, node
    entries = node.entries() if isinstance(node, Folder) else {}
    if all(map(_is_listed, entries)):
        for name, child in entries.items():
            yield from walk(child, f"{path}/{name}")


def refused(path: str, code: int) -> Refused:
    """The error that a call about ``path`` ends with."""
    return Refused(path, f"{path}: {os.strerror(code)}", code)
