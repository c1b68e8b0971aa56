"""Link errors: the kernel's message, and the location in the file."""

from __future__ import annotations

from errno import ENOEXEC, ENOMEM
from typing import NamedTuple

from pymodutils.errors import Refused


class Where(NamedTuple):
    """A location in a module; unknown parts are empty."""

    section: str = ""
    offset: int = 0  # in that section
    address: int = 0  # of the place
    relocation: str = ""  # the type's name in the psABI, or its number
    symbol: str = ""


class LinkError(Refused):
    """The kernel refuses to link ``subject``; ``log`` has its messages."""

    def __init__(self, subject: str, text: str, errno: int = ENOEXEC, where: Where | None = None) -> None:
        self.log: tuple[str, ...] = tuple(text.split("\n")) if text else ()
        self.where = where or Where()
        super().__init__(subject, f"{subject}: {self._place()}{'; '.join(self.log)}", errno)

    def _place(self) -> str:
        section, offset, _, relocation, symbol = self.where
        if not section:
            return ""
        what = f" {relocation}" if relocation else ""
        against = f" against {symbol}" if symbol else ""
        return f"{section}+{offset:#x}:{what}{against}: "


class OutOfBounds(LinkError):
    """The kernel would read or write outside the module's memory; here the module is refused instead."""

    def __init__(self, subject: str, text: str, where: Where | None = None) -> None:
        super().__init__(subject, f"{text} (a real kernel does not look)", where=where)
        self.log = ()


class NoMemory(LinkError):
    """Out of memory for a module of ``size`` bytes, which the kernel does not log."""

    def __init__(self, subject: str, size: int) -> None:
        super().__init__(subject, f"{size} bytes are more than there is room for", ENOMEM)
        self.log = ()
