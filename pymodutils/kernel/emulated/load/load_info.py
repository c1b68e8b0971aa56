"""The state of a load: the file, its parts, and the new module; struct load_info."""

from __future__ import annotations

import os
from errno import ENOEXEC
from typing import TYPE_CHECKING, Final, NoReturn

from pymodutils.elf.constants import SHF_ALLOC
from pymodutils.errors import Refused
from pymodutils.kern_levels import ERR
from pymodutils.kernel.emulated.load.causes import Cause, CauseKind
from pymodutils.kernel.emulated.state.module import KernelModule
from pymodutils.link.failure import OutOfBounds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymodutils.elf.headers import Section
    from pymodutils.kernel.base import Init
    from pymodutils.kernel.emulated.caller import Caller
    from pymodutils.kernel.emulated.state.kernel_state import KernelState
    from pymodutils.link.failure import LinkError
    from pymodutils.link.image import Image
    from pymodutils.link.object import Object
    from pymodutils.mapped import Contents

NAME_OFFSET: Final = {32: 12, 64: 24}  # offset of name in struct module
NAME_LENGTH: Final = {32: 60, 64: 56}  # MODULE_NAME_LEN
UNNAMED: Final = "(missing .modinfo section or name field)"


class Wait(Exception):
    """The load must wait until ``until``, the end of another module's init() or exit()."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


class LoadInfo:
    """A call of init_module or finit_module; filled in by the steps of load_module.py in order."""

    def __init__(
        self, state: KernelState, data: Contents, params: bytes, flags: Init, caller: Caller
    ) -> None:
        self.state, self.rules, self.caller = state, state.rules, caller
        self.data, self.params, self.flags = data, params, flags
        self.sections: list[Section] = []
        self.object: Object
        self.name = ""  # from .modinfo, or else from struct module
        self.info = self.this_module = self.versions = self.percpu = 0  # indexes of sections; 0 for none
        self.sig_ok = False
        self.gpl_used = False
        self.inherited = ""  # the module whose proprietary taint was inherited
        self.used: list[KernelModule] = []  # the modules now in use by this one
        self.module = KernelModule("")
        self.expects: Mapping[bytes, int] | None = None  # CRCs by symbol; None without a table
        self.image: Image
        self.values: list[int] = []  # of the symbols

    def log(self, level: int, text: str) -> None:
        """Write to the kernel's log."""
        self.state.log(level, text)

    def because(
        self,
        kind: CauseKind,
        subject: str = "",
        *,
        found: str = "",
        expected: str = "",
        owner: str = "",
        passes: bool = False,
    ) -> None:
        """Record a cause, in more detail than in the log."""
        self.caller.causes.append(Cause(kind, subject, found, expected, owner, passes))

    def note_relocation(self, error: LinkError) -> None:
        """Record that the module cannot be linked at its address."""
        where, text = error.where, "; ".join(error.log) or str(error)
        cause = Cause(CauseKind.RELOCATION, where.symbol, text, section=where.section, offset=where.offset)
        self.caller.causes.append(cause)

    def refuse(self, errno: int = ENOEXEC, text: str = "", level: int = ERR) -> NoReturn:
        """Log ``text``, if any, and end the load with ``errno``."""
        if all(cause.passes for cause in self.caller.causes):
            self.because(CauseKind.OTHER, found=text)
        if text:
            self.log(level, text)
        raise Refused(self.name or "module", text or os.strerror(errno), errno)

    def on(self, switch: str) -> bool:
        """Whether CONFIG_``switch`` is set."""
        return self.rules.on(switch)

    def find(self, name: str) -> int:
        """The index of the first loaded section named ``name``, or 0."""
        for at, section in enumerate(self.sections):
            if at and section.name == name and section.sh_flags & SHF_ALLOC:
                return at
        return 0

    def modinfo(self, tag: str) -> str | None:
        """The value of the first ``tag`` in .modinfo, or None."""
        return next(self.all_modinfo(tag), None)

    def all_modinfo(self, tag: str) -> Iterator[str]:
        """Every value of ``tag`` in .modinfo; the last one may end at a NUL after the section."""
        if not self.info:
            return
        section, prefix = self.sections[self.info], tag.encode() + b"="
        at = start = section.sh_offset
        end = start + section.sh_size
        while (at := self.data.find(prefix, at, end + len(prefix) - 1)) >= 0:
            if at == start or not self.data[at - 1]:
                stop = self._end_of_string(at)
                yield self.data[at + len(prefix) : stop].decode("utf-8", "surrogateescape")
            at += 1
        if section.sh_size:
            self._end_of_string(end - 1)

    def _end_of_string(self, at: int) -> int:
        """The end of the .modinfo string that contains the byte ``at``."""
        stop = self.data.find(b"\0", at)
        if stop < 0:
            raise OutOfBounds(self.name or "module", ".modinfo does not end with a NUL")
        return stop

    def copy(self, at: int) -> bytes:
        """The contents of section ``at`` in the kernel's copy of the file, whatever its type."""
        section = self.sections[at]
        end = section.sh_offset + section.sh_size
        if end > len(self.data):
            raise OutOfBounds(self.name, f"section {section.name} ends at {end} of {len(self.data)} bytes")
        return self.data[section.sh_offset : end]

    def string(self, at: int, limit: int) -> str:
        """The string of at most ``limit`` bytes at offset ``at`` of the file."""
        whole = self.data[at : at + limit].partition(b"\0")[0]
        return whole.decode("utf-8", "surrogateescape")

    def lacks(self, section: str, table: str = "") -> bool:
        """Whether the module has exports in __ksymtab``table`` but no ``section`` for it."""
        at = self.find(f"__ksymtab{table}")
        return bool(at and self.sections[at].sh_size and not self.find(section))
