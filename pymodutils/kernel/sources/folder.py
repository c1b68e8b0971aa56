"""Describe a kernel from a directory: headers, modules, or a tree with both and an image."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from pymodutils.elf import compress
from pymodutils.elf.scan import Elf
from pymodutils.kernel.sources.files import Files, kind_of
from pymodutils.root import Root

if TYPE_CHECKING:
    from pymodutils.kernel.description import Description


LINKS: Final = ("build", "source")  # links in a module directory to other directories


def describe(path: str) -> Description:
    """The description from the files below ``path``; raises BadKernel, BadModule or NotFound."""
    return gather(path).describe()


def gather(path: str, root: Root = Root()) -> Files:  # noqa: B008 -- a value
    """The usable files below the directory ``path`` of ``root``; raises as ``describe``.

    Links to directories, and ``build`` and ``source`` at the top, are not followed.
    """
    found = Files(path)
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if folder != path or name not in LINKS)
        for name in sorted(files):
            place = root.follow(f"{folder.rstrip('/')}/{name}")
            kind = kind_of(place)
            if kind and not _is_regular(place):
                found.skip(place)
            elif kind == "module":
                _add_module(found, place)
            elif kind:
                found.add(place, kind, lambda: read(place))  # noqa: B023 -- called at once
    return found


def _is_regular(path: str) -> bool:
    """Whether ``path`` is a regular file, or cannot be examined: then opening it reports why."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def read(path: str) -> bytes:
    """The content of the file ``path``; raises NotFound."""
    with compress.regular(path) as file:
        try:
            return file.read()  # a file of /proc has no size
        except OSError as error:
            raise compress.unreadable(path, error) from None


def _add_module(found: Files, path: str) -> None:
    """Read the needed parts of a module."""
    with compress.regular(path) as file:
        packed = compress.packing_of(file.read(compress.SHORTEST))
    if packed:
        found.add(path, "module", lambda: read(path))
        return
    with Elf.open(path) as elf:
        found.modules.add(elf)
