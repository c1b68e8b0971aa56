"""Compare symbol CRCs; kernel/module/version.c."""

from __future__ import annotations

from struct import iter_unpack
from typing import TYPE_CHECKING, Final

from pymodutils.elf import decode
from pymodutils.elf.headers import PREFIXES
from pymodutils.kern_levels import WARNING
from pymodutils.kernel.emulated.load.causes import CauseKind
from pymodutils.kernel.emulated.load.check_modinfo import force

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pymodutils.kernel.emulated.load.load_info import LoadInfo

LAYOUT: Final = "module_layout"
EXTENDED_SINCE: Final = (6, 14)
EXT_CRCS: Final = "__version_ext_crcs"
EXT_NAMES: Final = "__version_ext_names"


def fits(load: LoadInfo, symbol: str, crc: int | None, owner: str = "") -> bool:
    """Whether the module may use ``symbol``, exported by ``owner`` with ``crc``; logs a mismatch."""
    if crc is None or not load.on("MODVERSIONS"):
        return True
    if load.expects is None:
        return force(load, symbol) or _missed(load, symbol, owner)
    expected = load.expects.get(symbol.encode("utf-8", "surrogateescape"))
    if expected == crc:
        return True
    if expected is not None:
        load.because(CauseKind.CRC, symbol, found=f"{expected:#010x}", expected=f"{crc:#010x}", owner=owner)
        load.log(WARNING, f"{load.name}: disagrees about version of symbol {symbol}")
        return False
    return _missing(load, symbol) or _missed(load, symbol, owner)


def _missed(load: LoadInfo, symbol: str, owner: str) -> bool:
    """Record the cause and return False."""
    load.because(CauseKind.UNVERSIONED, symbol, owner=owner)
    return False


def _missing(load: LoadInfo, symbol: str) -> bool:
    """Whether a symbol without an entry is accepted: Debian refuses it, others warn once since boot."""
    strict = load.rules.strict_versions
    if strict or load.state.once("no symbol version"):
        load.log(WARNING, f"{load.name}: no symbol version for {symbol}")
    return not strict


def _expected(load: LoadInfo) -> dict[bytes, int] | None:
    """The CRCs that the module expects, the first of equal names; None without a table."""
    crcs, names = load.find(EXT_CRCS), load.find(EXT_NAMES)
    rows: Iterable[tuple[bytes, int]]
    if load.rules.since(*EXTENDED_SINCE) and crcs and names:
        rows = _extended(load, crcs, names)
    elif load.versions:
        raw = load.copy(load.versions)
        rows = decode.records(raw, load.rules.arch.bits, load.rules.arch.order)
    else:
        return None
    found: dict[bytes, int] = {}
    for name, crc in rows:
        found.setdefault(name, crc)
    return found


def _extended(load: LoadInfo, crcs: int, names: int) -> Iterator[tuple[bytes, int]]:
    """The rows of the extended tables, for names of any length."""
    numbers = iter_unpack(PREFIXES[load.rules.arch.order] + "I", _whole(load.copy(crcs)))
    listed = load.copy(names).split(b"\0")
    for (crc,), name in zip(numbers, listed, strict=False):
        yield name, crc


def _whole(table: bytes) -> bytes:
    return table[: len(table) // 4 * 4]


def layout(load: LoadInfo) -> None:
    """Refuse a module with a different struct module; version.c: check_modstruct_version."""
    load.expects = _expected(load)
    found = load.state.export(LAYOUT)
    if found and not fits(load, LAYOUT, found.export.crc):
        load.refuse()
