"""Verify the BTF of a coming module; kernel/bpf/btf.c: btf_module_notify.

Without the kernel's own BTF, names and types found only there are assumed to exist.
"""

from __future__ import annotations

from errno import E2BIG
from functools import lru_cache
from struct import Struct, unpack_from
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.constants import BTF, BTF_BASE
from pymodutils.elf.headers import PREFIXES
from pymodutils.kern_levels import ERR, WARNING
from pymodutils.kernel.emulated.load import btf_relocate
from pymodutils.kernel.emulated.load.btf import OLD, WIDE, WIDE_SINCE, BadBtf, SplitBtf
from pymodutils.kernel.emulated.load.btf_check_all_metas import ENOTSUPP, check_all
from pymodutils.kernel.emulated.load.btf_check_modifier_chain_length import check_chains
from pymodutils.kernel.emulated.state.kernel_state import BTF as KERNEL_BTF
from pymodutils.kernel.emulated.state.kernel_state import BTF_COUNT, BTF_STRINGS

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.load.btf import Limits, Type
    from pymodutils.kernel.emulated.load.load_info import LoadInfo

BASE_SINCE: Final = (6, 11)
PRINTABLE_SINCE: Final = (6, 11)
FLAGGED_SINCE: Final = (6, 15)
ONCE_SINCE: Final = (6, 3)  # a permitted mismatch is logged once since boot
MISMATCH: Final = "Kernel module BTF mismatch detected, BTF debug info may be unavailable for some modules"
COUNT: Final = Struct("<I")
MAGIC: Final = 0xEB9F
HEADER: Final = "HBBIIIII"  # magic, version, flags, hdr_len, type_off, type_len, str_off, str_len
SHORT: Final = 24  # bytes of the header without the layout section
LONG: Final = {False: SHORT, True: SHORT + 8}  # bytes of the header that the kernel knows


class BtfFormat(NamedTuple):
    """The BTF format of a kernel."""

    order: str  # struct's prefix
    wide: bool  # with a layout section, and larger fields
    printable: bool
    flagged: bool

    @property
    def limits(self) -> Limits:
        """The limits of a type."""
        return (WIDE if self.wide else OLD)._replace(printable=self.printable, flagged=self.flagged)


def notify(load: LoadInfo) -> None:
    """Refuse a module with invalid BTF, or only log it, depending on the configuration."""
    if not load.on("DEBUG_INFO_BTF_MODULES"):
        return
    data = _content(load, BTF)
    if not data:
        return
    try:
        _parse_module(load, data)
    except BadBtf as bad:
        tolerant, later = load.on("MODULE_ALLOW_BTF_MISMATCH"), load.rules.since(*ONCE_SINCE)
        for line in () if bad.optional and tolerant and later else bad.lines:
            mapped = not isinstance(bad, btf_relocate.NotMapped)
            load.log(*((ERR, f"BPF: {line}") if mapped else (WARNING, line)))
        text = f"failed to validate module [{load.module.name}] BTF: {-bad.errno}"
        if not tolerant:
            load.refuse(bad.errno, text, WARNING)
        if not later:
            load.log(WARNING, text)
        elif load.state.once(MISMATCH):
            load.log(WARNING, MISMATCH)


def _parse_module(load: LoadInfo, data: bytes) -> None:
    since = (load.rules.since(*release) for release in (WIDE_SINCE, PRINTABLE_SINCE, FLAGGED_SINCE))
    shape = BtfFormat(PREFIXES[load.rules.arch.order], *since)
    own = _content(load, BTF_BASE) if load.rules.since(*BASE_SINCE) else b""
    if not own:
        count = load.state.derived(BTF_COUNT, KERNEL_BTF, lambda known: _count(_kernel(known, shape)))
        names = load.state.derived(BTF_STRINGS, KERNEL_BTF, lambda known: _kernel(known, shape).strings)
        _parse(data, shape, _outside(count, names, shape) if count else None, split=True)
        return
    base, distilled = _parse(own, shape, None)
    split, types = _parse(data, shape, base, split=True)
    if known := load.state.blob(KERNEL_BTF):
        btf_relocate.relocate(split, types, distilled, _named(known, shape))


def _kernel(data: bytes, shape: BtfFormat) -> SplitBtf:
    """The kernel's own BTF in ``data``."""
    return SplitBtf(*_sections(data, shape, split=False), shape.order, shape.limits)


def _count(known: SplitBtf) -> bytes:
    """The number of its types."""
    return COUNT.pack(known.counted())


@lru_cache(maxsize=2)
def _outside(count: bytes, names: bytes, shape: BtfFormat) -> SplitBtf:
    """The kernel's own BTF without its types, of which there are ``count``: with its strings, ``names``."""
    found = SplitBtf(b"", names, shape.order, shape.limits)
    (found.count,) = COUNT.unpack(count)
    return found


@lru_cache(maxsize=2)
def _named(data: bytes, shape: BtfFormat) -> dict[bytes, list[btf_relocate.BtfNameInfo]]:
    """The named types of the kernel."""
    return btf_relocate.named(_kernel(data, shape))


def _content(load: LoadInfo, name: str) -> bytes:
    """The contents of the first section ``name``, loaded or not; kernel/module/main.c: any_section_objs."""
    found = (at for at, section in enumerate(load.sections) if at and section.name == name)
    at = next(found, 0)
    if at and load.image.layout.placed[at] is not None:
        return bytes(load.image.section(at))  # relocated
    return load.copy(at) if at else b""


def _parse(
    data: bytes, shape: BtfFormat, base: SplitBtf | None, *, split: bool = False
) -> tuple[SplitBtf, list[Type]]:
    """``data``, which extends ``base``, and its types; ``split``: it has a base."""
    types, strings = _sections(data, shape, split=split)
    if not (split and not strings) and (not strings or strings[-1] or (not split and strings[0])):
        raise BadBtf("Invalid string section")
    found = SplitBtf(types, strings, shape.order, shape.limits, base, known=bool(base) or not split)
    every = check_all(found)
    if found.known:
        check_chains(found, every, ordered=not shape.wide)
    return found, every


def _sections(data: bytes, shape: BtfFormat, *, split: bool) -> tuple[memoryview, bytes]:
    """The types and the strings; btf_parse_hdr, btf_check_sec_info."""
    size, order, longer = len(data), shape.order, shape.wide
    if size < 8:  # noqa: PLR2004 -- as far as hdr_len
        raise BadBtf("hdr_len not found")
    (length,) = unpack_from(f"{order}I", data, 4)
    if size < length:
        raise BadBtf("btf_header not found")
    if any(data[LONG[longer] : length]):
        raise BadBtf("Unsupported btf_header", errno=E2BIG)
    whole = data[:length].ljust(LONG[True], b"\0")
    magic, version, flags, _, type_off, type_len, str_off, str_len = unpack_from(order + HEADER, whole)
    if magic != MAGIC:
        raise BadBtf("Invalid magic")
    if version != 1 or flags:
        raise BadBtf("Unsupported flags" if version == 1 else "Unsupported version", errno=ENOTSUPP)
    if not split and size == length:
        raise BadBtf("No data")
    parts = [(type_off, type_len), (str_off, str_len)]
    layout = unpack_from(f"{order}II", whole, SHORT)
    if longer and length >= LONG[True] and layout[1]:
        parts.append(layout)
    _no_gaps(sorted(parts), size - length)
    if length < LONG[longer] and str_off + str_len != size - length:
        raise BadBtf("String section is not at the end")
    types, strings = length + type_off, length + str_off
    return memoryview(data)[types : types + type_len], data[strings : strings + str_len]


def _no_gaps(parts: list[tuple[int, int]], size: int) -> None:
    """Refuse sections that are not contiguous in ``size`` bytes."""
    total = 0
    for offset, length in parts:
        if size < offset:
            raise BadBtf("Invalid section offset")
        if total != offset:
            raise BadBtf("Unsupported section found" if total < offset else "Section overlap found")
        if size - total < length:
            raise BadBtf("Total section length too long")
        total += length
    if total != size:
        raise BadBtf("Unsupported section found")
