"""Why a module cannot be linked: the kernel's words, and where in the file it came to say them."""

from __future__ import annotations

from errno import ENOEXEC, ENOMEM
from typing import NamedTuple

from pymodutils.errors import Refused


class Where(NamedTuple):
    """A place in a module; what is not known is empty."""

    section: str = ""
    offset: int = 0  # in that section
    address: int = 0  # of the place
    relocation: str = ""  # the psABI's name, or the number
    symbol: str = ""


class LinkError(Refused):
    """The kernel refuses to link ``subject``; ``log`` is what it says, line by line."""

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
    """The kernel would read or write outside of what the module owns; here it is refused instead."""

    def __init__(self, subject: str, text: str, where: Where | None = None) -> None:
        super().__init__(subject, f"{text} (a real kernel does not look)", where=where)
        self.log = ()


class NoMemory(LinkError):
    """There is no room for a module of ``size`` bytes, of which the kernel says nothing."""

    def __init__(self, subject: str, size: int) -> None:
        super().__init__(subject, f"{size} bytes are more than there is room for", ENOMEM)
        self.log = ()
