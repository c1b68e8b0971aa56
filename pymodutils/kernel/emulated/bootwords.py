"""The kernel command line; init/main.c, kernel/params.c: parse_args, fs/proc/proc_sysctl.c.

Quotes protect blanks, ``-`` equals ``_`` in names, and words after ``--`` are for init.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from pymodutils.kernel.emulated.params.numbers import Invalid, truth
from pymodutils.kernel.emulated.params.words import dash2underscore, words

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST: Final = 1024  # maximum bytes of a charp parameter
LEVELS: Final = ("none", "integrity", "confidentiality")  # levels of lockdown
SYSCTL: Final = b"sysctl"


class BootWords:
    """The command line ``line``; ``enabled``: a bool may be spelled ``enable`` and ``disable``."""

    def __init__(self, line: str, *, enabled: bool = False) -> None:
        self._words = list(_words(line.encode("utf-8", "surrogateescape")))
        self._truth = partial(truth, enabled=enabled)

    def values(self, name: str) -> Iterator[bytes | None]:
        """The values of all words named ``name``; None for one without a value."""
        wanted = dash2underscore(name.encode())
        return (value for word, value in self._words if dash2underscore(word) == wanted)

    def blacklist(self) -> list[str]:
        """The modules of module_blacklist; the last word takes precedence."""
        given = [value for value in self.values("module_blacklist") if value is not None]
        listed = [value for value in given if len(value) <= LONGEST][-1:] or [b""]
        names = listed[0].decode("utf-8", "surrogateescape").split(",")
        return names if names[-1] else names[:-1]

    def modules_disabled(self) -> bool:
        """Whether module loading is disabled; the last ``nomodule`` takes precedence."""
        return ([False, *self._truths("nomodule")])[-1]

    def sig_enforce(self) -> bool:
        """Whether signatures are enforced, which can only be switched on."""
        return any(self._truths("module.sig_enforce"))

    def lockdown(self) -> int:
        """The strictest level of lockdown, as an index of LEVELS."""
        given = [(value or b"").decode("utf-8", "surrogateescape") for value in self.values("lockdown")]
        return max([0, *(LEVELS.index(level) for level in given if level in LEVELS)])

    def sysctls(self) -> Iterator[tuple[str, bytes]]:
        """Sysctls, with dots for slashes, and the values written before init starts."""
        for name, value in self._words:
            rest = name.removeprefix(SYSCTL)
            if value and rest != name and rest[:1] in (b".", b"/"):
                yield rest[1:].decode("utf-8", "surrogateescape"), value

    def _truths(self, name: str) -> Iterator[bool]:
        for value in self.values(name):
            try:
                yield True if value is None else self._truth(value)
            except Invalid:
                continue


def _words(line: bytes) -> Iterator[tuple[bytes, bytes | None]]:
    for word in words(line):
        if word.value is None and word.name == b"--":
            return
        yield word.name, word.value
