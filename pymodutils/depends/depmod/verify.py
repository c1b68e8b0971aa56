"""Check the symbols of modules against the kernel: -e with -E (Module.symvers) or -F (System.map)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.elf import crcs
from pymodutils.errors import ModutilsError, NotFound
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymodutils.log import Log

GIVEN: Final = ("__this_module", "_GLOBAL_OFFSET_TABLE_", "TOC.")  # created by the loader or the linker
KSYMTAB: Final = "__ksymtab_"
KERNEL: Final = "vmlinux"


def of_symvers(path: str, prefix: str, log: Log) -> dict[str, int]:
    """(symbol, CRC) of the exports of the kernel itself in the Module.symvers ``path``.

    Raises NotFound.
    """
    known = {}
    for number, line in _lines(path):
        words = line.split()
        if len(words) < len(["crc", "name", "where"]) or words[2] != KERNEL:
            continue
        try:
            known[words[1].removeprefix(prefix)] = int(words[0], 16)
        except ValueError:
            log.error(f"{path}:{number} Invalid symbol version {words[0]}: No such file or directory")
    return known | dict.fromkeys(GIVEN, 0)


def of_system_map(path: str, prefix: str, log: Log) -> dict[str, int]:
    """(symbol, 0) of the kernel's exports in the System.map ``path``; raises NotFound."""
    known = {}
    for number, line in _lines(path):
        _, first, rest = line.partition(" ")
        _, second, name = rest.partition(" ")
        if not (first and second):
            log.error(f"{path}:{number}: invalid line: {line}")
        elif name.startswith(KSYMTAB):
            known[name.rstrip("\n").removeprefix(KSYMTAB).removeprefix(prefix)] = 0
    return known | dict.fromkeys(GIVEN, 0)


def _lines(path: str) -> Iterator[tuple[int, str]]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n", opener=opener) as file:
            yield from enumerate(file, start=1)
    except OSError as error:
        raise NotFound(path, f"could not load {path}: {error.strerror}", error.errno) from None


def complaints(
    files: Mapping[str, str], known: dict[str, int], prefix: str, *, versions: bool
) -> Iterator[str]:
    """Messages about unresolved symbols or, with ``versions``, CRC mismatches.

    ``files`` maps the paths in messages to the modules' files.
    Unreadable modules have been reported before.
    """
    linkages = [_linkage(file) for file in files.values()]
    known = dict(known)
    for linkage in linkages:
        known.update((name.removeprefix(prefix), crc) for name, crc in linkage.exports)
    for path, linkage in zip(files, linkages, strict=True):
        for need in linkage.needs:
            crc = known.get(need.name.removeprefix(".").removeprefix(prefix))
            if crc is None and not need.weak:
                yield f"{path} needs unknown symbol {need.name}"
            elif versions and crc not in (None, need.crc):
                yield f"{path} disagrees about version of symbol {need.name}"


def _linkage(path: str) -> crcs.Linkage:
    try:
        return crcs.of_module(path)
    except ModutilsError:
        return crcs.Linkage([], [])
