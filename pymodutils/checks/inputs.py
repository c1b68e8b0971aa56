"""The module files that words on a command line stand for: files, directories, packages, archives."""

from __future__ import annotations

import os
import tarfile
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from pymodutils import names
from pymodutils.elf import compress
from pymodutils.elf.scan import MAGIC
from pymodutils.errors import BadKernel, BadModule, NotFound
from pymodutils.kernel.sources import package
from pymodutils.kernel.sources.files import kind_of
from pymodutils.kernel.sources.stream import Window, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS: Final = "a .ko, a directory, a .deb or .rpm package or a tar archive"
DKMS: Final = ("dkms.conf", "Kbuild", "akmod")  # files that say: here is source
LARGEST: Final = 1 << 30  # bytes of one module
BUILD: Final = (
    "it holds the source of modules, not modules: build it against the headers of each kernel first "
    "(dkms build -k RELEASE, or make -C HEADERS M=SOURCE modules), then check what came of it"
)


class File(NamedTuple):
    """A module file."""

    path: str  # where it can be read
    shown: str  # as the user knows it


def files(word: str, folder: str) -> list[File]:
    """The modules that ``word`` means; those of packages are unpacked below ``folder``.

    Raises NotFound, BadModule or BadKernel if there are none.
    """
    if os.path.isdir(word):
        found = [File(path, path) for path in _below(word)]
        source = any(os.path.exists(f"{word}/{name}") for name in DKMS)
    else:
        start = _start(word)
        if names.is_module_file(word) or start.startswith(MAGIC):
            return [_module(word)]
        members = list(_members(word, start))
        found = [_unpacked(word, *member, folder, at) for at, member in enumerate(members) if member[1]]
        source = any(not data and os.path.basename(name) in DKMS for name, data in members)
    if not found:
        why = BUILD if source else f"no modules (.ko) are in it: give {KINDS}"
        raise NotFound(word, f"{word}: {why}")
    return found


def _below(folder: str) -> list[str]:
    from pymodutils.checks.candidate import below  # noqa: PLC0415 -- as it reads

    return below(folder)


def _start(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(512)
    except OSError as error:
        raise NotFound(path, f"could not open {path}: {error.strerror}: give {KINDS}", error.errno) from None


def _module(path: str) -> File:
    if not compress.read(path).startswith(MAGIC):
        raise BadModule(path, f"{path}: it is not an ELF file, so no kernel module: give {KINDS}")
    return File(path, path)


def _members(path: str, start: bytes) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the modules in a package or archive; what tells of source comes without content."""
    reader = next((read for magic, read in package.READERS.items() if start.startswith(magic)), _tar)
    try:
        with open(path, "rb") as file:
            for name, size, content in reader(file, path):
                if kind_of(name) == "module" or names.is_module_file(name):
                    yield name, _whole(path, name, size, content)
                elif os.path.basename(name) in DKMS:
                    yield name, b""
    except BadKernel as error:
        raise BadKernel(path, f"{error}: fetch it again") from None


def _tar(file: IO[bytes], path: str) -> Iterator[tuple[str, int, IO[bytes]]]:
    size = file.seek(0, os.SEEK_END)
    try:
        with tarfile.open(fileobj=plain(Window(file, 0, size), path), mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content:
                    yield member.name, member.size, content
    except tarfile.TarError:
        raise BadModule(path, f"{path}: it is none of these, or damaged: give {KINDS}") from None


def _whole(path: str, name: str, size: int, content: IO[bytes]) -> bytes:
    try:
        data = content.read() if size <= LARGEST else b""
    except tarfile.TarError:
        data = b""
    if len(data) != size or not data:
        raise BadKernel(path, f"{path}: it ends within {name}")
    return data


def _unpacked(word: str, name: str, data: bytes, folder: str, at: int) -> File:
    """The member ``name`` as a file of its own: what it is called inside of the archive is not followed."""
    place = f"{folder}/{len(os.listdir(folder))}-{at}"
    os.mkdir(place)
    path = f"{place}/{os.path.basename(name)}"
    with open(path, "wb") as file:
        file.write(data)
    return File(path, f"{word}:{name.lstrip('./')}")
