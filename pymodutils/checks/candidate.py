"""Module files as read before they are tried on a kernel."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymodutils import names, parallel
from pymodutils.depends.module_info import opened
from pymodutils.elf import crcs, decode
from pymodutils.elf.facts import Facts, listed
from pymodutils.elf.gather import gather
from pymodutils.errors import BadModule, ModutilsError, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.elf.scan import Elf

PARALLEL_FROM: Final = 64  # files; for fewer, starting processes takes longer than reading
THIS_MODULE: Final = ".gnu.linkonce.this_module"


class Candidate(NamedTuple):
    """One module; only the first three fields are set for a damaged file."""

    name: str
    path: str  # where it can be read
    shown: str  # name shown to the user: a file, or PACKAGE:MEMBER
    info: tuple[tuple[str, str], ...] = ()  # .modinfo
    facts: Facts = Facts()
    machine: int = 0  # e_machine
    struct: int = 0  # sizeof(struct module) in its build
    damage: str = ""  # why it could not be read

    @classmethod
    def read(cls, path: str, shown: str = "") -> Candidate:
        """The module in the file ``path``; ``damage`` is set if it cannot be parsed."""
        name, shown = names.of_path(path), shown or path
        try:
            with opened(path, mapped=True) as elf:
                return _of(cls(name, path, shown), elf)
        except (BadModule, NotFound) as error:
            return cls(name, path, shown, damage=str(error))

    def values(self, key: str) -> list[str]:
        """The values of ``key`` in .modinfo."""
        return [value for name, value in self.info if name == key]

    def value(self, key: str) -> str | None:
        """The first value of ``key`` in .modinfo."""
        return next(iter(self.values(key)), None)

    @property
    def needs(self) -> list[bytes]:
        """The symbols that it imports."""
        return listed(self.facts.needs)

    @property
    def exports(self) -> list[bytes]:
        """The symbols that it exports."""
        return listed(self.facts.exports)

    @property
    def expects(self) -> dict[str, int]:
        """The CRCs in __versions by symbol, read from the file; empty if it is damaged."""
        try:
            return {need.name: need.crc for need in crcs.of_module(self.path).needs if need.crc}
        except ModutilsError:
            return {}

    @property
    def built_for(self) -> str:
        """The release in its vermagic."""
        return (self.value("vermagic") or "").partition(" ")[0]


def _of(empty: Candidate, elf: Elf) -> Candidate:
    info = tuple(decode.modinfo(elf.section(".modinfo") or b""))
    values = dict(reversed(info))
    at = elf.index(THIS_MODULE)
    facts = gather(elf)
    return empty._replace(
        name=names.normalize(values.get("name", empty.name)),
        info=info,
        facts=facts._replace(exports=_exported(elf, facts.exports)),
        machine=elf.machine,
        struct=0 if at is None else elf.header(at)[5],
    )


def _exported(elf: Elf, exports: bytes) -> bytes:
    """``exports`` without the namespaces that __ksymtab_strings adds if there are no CRCs (as in depmod)."""
    strtab = elf.section(".strtab") if exports else None
    if strtab is None or b"\0__ksymtab_" not in strtab or b"\0__crc_" in strtab:
        return exports
    found = [name for name in listed(exports) if b"\0__ksymtab_%b\0" % name in strtab]
    return b"".join(name + b"\0" for name in found)


def read_all(files: Sequence[tuple[str, str]]) -> list[Candidate]:
    """The candidate of each (path, shown), read on all cores if there are many; raises as ``read``."""
    workers = parallel.cores() if len(files) >= PARALLEL_FROM else 1
    if workers == 1:
        return [Candidate.read(path, shown) for path, shown in files]
    return [_again(plain) for plain in parallel.ordered(_plain, files, workers)]


def _plain(file: tuple[str, str]) -> tuple[Any, ...]:
    """A candidate, or the message of the error, as plain values to pass between processes."""
    try:
        found = Candidate.read(*file)
    except ModutilsError as error:
        return error.subject, str(error), error.errno
    return (*found[:4], tuple(found.facts), *found[5:])


def _again(plain: tuple[Any, ...]) -> Candidate:
    if len(plain) != len(Candidate._fields):
        subject, text, errno = plain
        raise BadModule(subject, text, errno)
    return Candidate._make((*plain[:4], Facts(*plain[4]), *plain[5:]))


def below(folder: str) -> list[str]:
    """The module files below ``folder``, sorted; links to directories are not followed."""
    found = []
    for top, folders, files in os.walk(folder):
        folders.sort()
        found += [f"{top.rstrip('/')}/{name}" for name in sorted(files) if names.is_module_file(name)]
    return found
