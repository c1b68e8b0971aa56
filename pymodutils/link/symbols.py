"""Resolve st_value of every symbol; kernel/module/main.c: simplify_symbols."""

from __future__ import annotations

from collections import defaultdict
from errno import ENOENT, ENOEXEC
from itertools import compress, count
from operator import add
from typing import TYPE_CHECKING

from pymodutils.elf.constants import SHN_ABS, SHN_COMMON, SHN_LIVEPATCH, SHN_UNDEF, STB_WEAK
from pymodutils.errors import Refused
from pymodutils.kern_levels import ERR, WARNING
from pymodutils.link import columns
from pymodutils.link.failure import LinkError, OutOfBounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.link.image import Image
    from pymodutils.link.object import Symbols

    Resolve = Callable[[str], int | None]
    Report = Callable[[int, str], None]


def unheard(_level: int, _line: str) -> None:
    """Discard log lines."""


def simplify(image: Image, name: str, resolve: Resolve, report: Report, *, percpu: int = 0) -> list[int]:
    """The value of each symbol of the module named ``name``, including index 0.

    ``resolve`` returns the address of an undefined symbol, None if it is unresolved, or raises Refused after
    logging the reason; it is called for all symbols in table order. ``report`` receives log lines with their
    levels, ``percpu`` is the address of the module's per-CPU area.
    Raises LinkError, for the last symbol that failed, after all have been tried, OutOfBounds at once.
    """
    symbols = image.module.symbols
    bases = defaultdict(int, enumerate(image.addresses))
    bases[SHN_UNDEF] = 0
    if image.layout.percpu:
        bases[image.layout.percpu] = percpu
    top = len(image.addresses)
    word = (1 << image.module.arch.bits) - 1
    values = list(map(add, symbols.values, map(bases.__getitem__, symbols.sections)))
    if values:
        if max(values) > word:
            values = [value & word for value in values]
        values[0] = symbols.values[0]
    failure: LinkError | None = None
    rest = _Rest(image, name, resolve, report)
    elsewhere = {section for section in set(symbols.sections) if section == SHN_UNDEF or section >= top}
    for at in compress(count(), columns.among(symbols.sections, elsewhere)):
        if not at:
            continue
        try:
            found = rest.value(at, symbols.sections[at])
        except OutOfBounds:
            raise
        except LinkError as error:
            failure = error
            continue
        if found is not None:
            values[at] = found & word
    try:
        if failure:
            raise failure
        return values
    finally:
        del failure  # avoids a reference cycle with this frame


def imports(symbols: Symbols) -> Iterator[str]:
    """The names that ``simplify`` resolves, in order, up to one that lies outside the file."""
    for at, section in enumerate(symbols.sections):
        if at and section == SHN_UNDEF:
            try:
                yield symbols.name(at)
            except OutOfBounds:
                return


class _Rest:
    """The symbols that are in no section of the module."""

    def __init__(self, image: Image, name: str, resolve: Resolve, report: Report) -> None:
        self.module, self.name, self.resolve, self.report = image.module, name, resolve, report

    def value(self, at: int, section: int) -> int | None:
        """The value of symbol ``at``, None if unchanged; raises LinkError after reporting it."""
        if section in (SHN_ABS, SHN_LIVEPATCH):
            return None
        symbol = self.module.symbols.name(at)
        if section == SHN_UNDEF:
            return self._undefined(at, symbol)
        if section != SHN_COMMON:
            top = len(self.module.sections) - 1
            raise self._refusal(ERR, f"Symbol {symbol} has an invalid section index {section} (max {top})")
        if not symbol.startswith("__gnu_lto"):
            raise self._refusal(WARNING, "please compile with -fno-common")
        return None

    def _undefined(self, at: int, symbol: str) -> int | None:
        errno = ENOENT
        try:
            found = self.resolve(symbol)
        except Refused as error:
            errno = error.errno
        else:
            if found is not None or self._is_optional(at, symbol):
                return found
        raise self._refusal(WARNING, f"Unknown symbol {symbol} (err -{errno})", errno)

    def _is_optional(self, at: int, symbol: str) -> bool:
        weak = self.module.symbols.infos[at] >> 4 == STB_WEAK
        return weak or symbol in self.module.arch.optional

    def _refusal(self, level: int, text: str, errno: int = ENOEXEC) -> LinkError:
        self.report(level, f"{self.name}: {text}")
        return LinkError(self.name, f"{self.name}: {text}", errno)
