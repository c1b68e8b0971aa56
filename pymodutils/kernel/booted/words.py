"""Numbers that print as names: negative errors and enumerators."""

from __future__ import annotations

import errno
from typing import Final, Self

KERNEL_ONLY: Final = {  # include/linux/errno.h: internal to the kernel
    512: "ERESTARTSYS", 513: "ERESTARTNOINTR", 514: "ERESTARTNOHAND", 515: "ENOIOCTLCMD",
    516: "ERESTART_RESTARTBLOCK", 517: "EPROBE_DEFER", 518: "EOPENSTALE", 519: "ENOPARAM", 521: "EBADHANDLE",
    522: "ENOTSYNC", 523: "EBADCOOKIE", 524: "ENOTSUPP", 525: "ETOOSMALL", 526: "ESERVERFAULT",
    527: "EBADTYPE", 528: "EJUKEBOX", 529: "EIOCBQUEUED", 530: "ERECALLCONFLICT",
}  # fmt: skip
NAMES: Final = {**errno.errorcode, **KERNEL_ONLY, errno.EOPNOTSUPP: "EOPNOTSUPP"}


class Status(int):
    """A negative error number; it prints as ``-ENOMEM``."""

    @property
    def name(self) -> str:
        """The error's name, as in errno."""
        return NAMES[-self]

    def __repr__(self) -> str:
        return f"-{self.name}"

    __str__ = int.__repr__


class Constant(int):
    """An enumerator; it prints as its name and equals it."""

    name: str

    def __new__(cls, value: int, name: str) -> Self:
        """The enumerator ``name`` with ``value``."""
        made = super().__new__(cls, value)
        made.name = name
        return made

    def __eq__(self, other: object) -> bool:
        return self.name == other if isinstance(other, str) else int(self) == other

    __hash__ = int.__hash__

    def __repr__(self) -> str:
        return self.name


def status(number: int) -> int:
    """``number``, as a Status if it is a negative errno."""
    return Status(number) if -number in NAMES else number
