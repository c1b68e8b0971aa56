"""Whether a module was built for what a symbol is today: CRCs; kernel/module/version.c."""

from __future__ import annotations

from struct import iter_unpack
from typing import TYPE_CHECKING, Final

from pymodutils.arch.model import PREFIXES
from pymodutils.elf import decode
from pymodutils.kernel.emulated.causes import Kind
from pymodutils.kernel.emulated.claims import force
from pymodutils.kernel.emulated.state import WARNING

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.loading import Loading

LAYOUT: Final = "module_layout"
EXTENDED_SINCE: Final = (6, 14)
EXT_CRCS: Final = "__version_ext_crcs"
EXT_NAMES: Final = "__version_ext_names"


class Versions:
    """The CRCs that a module expects; the first of equal names counts."""

    def __init__(self, load: Loading) -> None:
        self.load = load
        self.present = bool(load.versions)
        self._crcs: dict[bytes, int] = {}
        if load.rules.since(*EXTENDED_SINCE) and self._extended():
            self.present = True
        elif self.present:
            raw = load.copy(load.versions)
            for name, crc in decode.records(raw, load.rules.arch.bits, load.rules.arch.order):
                self._crcs.setdefault(name, crc)

    def fits(self, symbol: str, crc: int | None, owner: str = "") -> bool:
        """Whether the module may use ``symbol``, which ``owner`` exports with ``crc``; says why not."""
        load = self.load
        if crc is None or not load.on("MODVERSIONS"):
            return True
        if not self.present:
            return force(load, symbol) or self._missed(symbol, owner)
        expected = self._crcs.get(symbol.encode("utf-8", "surrogateescape"))
        if expected == crc:
            return True
        if expected is not None:
            load.because(Kind.CRC, symbol, said=f"{expected:#010x}", wanted=f"{crc:#010x}", owner=owner)
            load.log(WARNING, f"{load.name}: disagrees about version of symbol {symbol}")
            return False
        return self._missing(symbol) or self._missed(symbol, owner)

    def _missed(self, symbol: str, owner: str) -> bool:
        """False, with the cause noted."""
        self.load.because(Kind.UNVERSIONED, symbol, owner=owner)
        return False

    def _missing(self, symbol: str) -> bool:
        """Whether a symbol without an entry passes: Debian refuses it, others warn, once since boot."""
        load = self.load
        strict = load.rules.strict_versions
        if strict or load.state.once("no symbol version"):
            load.log(WARNING, f"{load.name}: no symbol version for {symbol}")
        return not strict

    def _extended(self) -> bool:
        """Read the tables for names of any length, if the module has them."""
        load = self.load
        crcs, names = load.find(EXT_CRCS), load.find(EXT_NAMES)
        if not (crcs and names):
            return False
        numbers = iter_unpack(PREFIXES[load.rules.arch.order] + "I", _whole(load.copy(crcs)))
        listed = load.copy(names).split(b"\0")
        for (crc,), name in zip(numbers, listed, strict=False):
            self._crcs.setdefault(name, crc)
        return True


def _whole(table: bytes) -> bytes:
    return table[: len(table) // 4 * 4]


def layout(load: Loading) -> None:
    """Refuse a module with another idea of struct module; version.c: check_modstruct_version."""
    load.expects = Versions(load)
    found = load.state.export(LAYOUT)
    if found and not load.expects.fits(LAYOUT, found.export.crc):
        load.refuse()
