"""Read the exports of a 2.4 kernel from /proc/ksyms, the output of ksyms -a, or System.map."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymodutils.errors import BadKernel
from pymodutils.linux24.kernel.state import ModuleSymbol

if TYPE_CHECKING:
    from collections.abc import Sequence

LINE: Final = re.compile(r"([0-9a-fA-F]{1,16})\s+(?:([a-zA-Z?])\s+)?(\S+)(?:\s+\[(\S+)\])?\s*$")
TITLES: Final = ("Address", "Symbol", "Defined by")  # the first line of the output of ksyms
EXPORTED: Final = "__ksymtab_"  # in System.map, before the name of each symbol that is exported


def read(text: str, path: str) -> tuple[list[ModuleSymbol], int]:
    """The symbols of the kernel itself, and the number of address digits.

    Raises BadKernel for a line in neither format, and without symbols.
    """
    rows: list[tuple[ModuleSymbol, str]] = []
    digits = 8
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or (number == 1 and is_heading(line)):
            continue
        found = LINE.match(line)
        if not found:
            raise BadKernel(path, f"{path}:{number}: not a line of /proc/ksyms, ksyms -a or System.map")
        address, kind, name, owner = found.groups()
        digits = max(digits, len(address))
        if owner is None:
            rows.append((ModuleSymbol(int(address, 16), name), kind or ""))
    symbols = _exported(rows)
    if not symbols:
        raise BadKernel(path, f"{path}: there are no symbols in it")
    return symbols, digits


def is_heading(line: str) -> bool:
    """Whether ``line`` is the heading that ksyms prints."""
    return line.split() == " ".join(TITLES).split()


def _exported(rows: Sequence[tuple[ModuleSymbol, str]]) -> list[ModuleSymbol]:
    """All symbols of /proc/ksyms, or those with a __ksymtab_ symbol in System.map."""
    names = {symbol.name.removeprefix(EXPORTED) for symbol, _ in rows if symbol.name.startswith(EXPORTED)}
    if any(kind for _, kind in rows) and names:
        return [symbol for symbol, _ in rows if symbol.name in names]
    return [symbol for symbol, kind in rows if not kind.islower()]
