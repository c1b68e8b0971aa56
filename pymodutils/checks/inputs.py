"""The module files in files, directories, packages and archives."""

from __future__ import annotations

import os
import tempfile
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from pymodutils import names
from pymodutils.elf import compress, contents
from pymodutils.elf.constants import ELFMAG
from pymodutils.errors import BadKernel, BadModule, NotFound
from pymodutils.kernel.sources import package, tar
from pymodutils.kernel.sources.files import kind_of
from pymodutils.kernel.sources.limits import Budget
from pymodutils.kernel.sources.stream import Window, plain
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KINDS: Final = "a .ko, a directory, a .deb or .rpm package or a tar archive"
DKMS: Final = ("dkms.conf", "Kbuild", "akmod")  # files that indicate source
BUILD: Final = (
    "it contains module source, not modules: build it against the headers of each kernel first "
    "(dkms build -k RELEASE, or make -C HEADERS M=SOURCE modules), then check the result"
)


class InputFile(NamedTuple):
    """A module file."""

    path: str  # where it can be read
    shown: str  # name shown to the user


def files(word: str, folder: str) -> list[InputFile]:
    """The modules in ``word``; those of packages are unpacked below ``folder``.

    Raises NotFound, BadModule or BadKernel if there are none.
    """
    if os.path.isdir(word):
        found = [InputFile(path, path) for path in _below(word)]
        source = any(os.path.exists(f"{word}/{name}") for name in DKMS)
    else:
        start = _start(word)
        if names.is_module_file(word) or start.startswith(ELFMAG):
            return [_module(word)]
        members = list(_members(word, start, folder))
        found = [member for member in members if member]
        source = None in members
    if not found:
        why = BUILD if source else f"it contains no modules (.ko): give {KINDS}"
        raise NotFound(word, f"{word}: {why}")
    return found


def _below(folder: str) -> list[str]:
    from pymodutils.checks.candidate import below  # noqa: PLC0415 -- as it reads

    return below(folder)


def _start(path: str) -> bytes:
    try:
        with compress.regular(path) as file:
            return file.read(512)
    except NotFound as error:
        raise NotFound(path, f"{error}: give {KINDS}", error.errno) from None


def _module(path: str) -> InputFile:
    if not contents.read(path).startswith(ELFMAG):
        raise BadModule(path, f"{path}: not an ELF file, so not a kernel module: give {KINDS}")
    return InputFile(path, path)


def _members(path: str, start: bytes, folder: str) -> Iterator[InputFile | None]:
    """Unpack each module in a package or archive below ``folder``; None for a file that indicates source."""
    reader = next((read for magic, read in package.READERS.items() if start.startswith(magic)), _tar)
    try:
        with open(path, "rb", opener=opener) as file:
            budget = Budget(path, os.fstat(file.fileno()).st_size)
            for name, size, content in reader(file, budget):
                if kind_of(name) == "module" or names.is_module_file(name):
                    yield _unpacked(
                        path, name, package.pieces(content, size, f"{path}:{name}", budget), folder
                    )
                elif os.path.basename(name) in DKMS:
                    yield None
    except BadKernel as error:
        again = "" if "--limit" in str(error) else ": fetch it again"
        raise BadKernel(path, f"{error}{again}") from None


def _tar(file: IO[bytes], budget: Budget) -> Iterator[tuple[str, int, IO[bytes]]]:
    stream = plain(Window(file, 0, budget.size), budget)
    if not tar.is_tar(stream.peek(tar.BLOCK)[: tar.BLOCK]):
        raise BadModule(budget.subject, f"{budget.subject}: unknown format, or damaged: give {KINDS}")
    yield from tar.members(stream, budget)


def _unpacked(word: str, name: str, pieces: Iterable[bytes], folder: str) -> InputFile:
    """The member ``name`` as a file; the directories in its name are ignored."""
    place = tempfile.mkdtemp(dir=folder)
    path = f"{place}/{os.path.basename(name)}"
    with open(path, "wb") as file:
        file.writelines(pieces)
    return InputFile(path, f"{word}:{name.lstrip('./')}")
