"""Allow lists of symbols that a vendor keeps stable: those of ksc and weak-modules, and Android's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymodutils.checks.context import count, some
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import Finding
from pymodutils.elf import compress
from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Collection

    from pymodutils.checks.candidate import Candidate

WORD: Final = re.compile(r"^\s*(?:0x[0-9a-fA-F]+\s+)?([A-Za-z_][\w.]*)")


def read(path: str) -> frozenset[str]:
    """The symbols listed in the file ``path``, one per line, optionally after a CRC; raises ModutilsError.

    Comments and headings in brackets, as in Android's lists, are ignored.
    """
    found = set()
    for line in compress.read(path).decode("utf-8", "replace").splitlines():
        match = WORD.match(line.partition("#")[0])
        if match:
            found.add(match[1])
    if not found:
        raise ModutilsError(path, f"{path}: it lists no symbols: give one per line")
    return frozenset(found)


def outside(module: Candidate, exports: Collection[str], allowed: frozenset[str]) -> list[Finding]:
    """The finding on symbols that ``module`` imports from ``exports`` and that are not ``allowed``."""
    names = [symbol.decode("utf-8", "surrogateescape") for symbol in module.needs]
    beyond = [name for name in names if name in exports and name not in allowed]
    if not beyond:
        return []
    text = f"it uses {count(len(beyond), 'symbol')} not on the allow list: {some(beyond)}"
    advice = "an update may change them: rebuild it for each update, or avoid them"
    return [Finding(Rule.NOT_ALLOWED, Severity.WARNING, beyond[0], text, advice, tuple(beyond))]
