"""The BTF of a module, verified when the module is coming; kernel/bpf/btf.c: btf_module_notify.

Names and types that only the kernel's own BTF has are taken to be there: a description has none of it.
"""

from __future__ import annotations

from errno import E2BIG, EINVAL
from struct import Struct, unpack_from
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.arch.field import PREFIXES
from pymodutils.kernel.emulated.state.kernel_state import ERR, WARNING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.kernel.emulated.load.load_info import LoadInfo

OWN: Final = ".BTF"
BASE: Final = ".BTF.base"  # the types of the kernel that the module's own refer to
BASE_SINCE: Final = (6, 11)
ONCE_SINCE: Final = (6, 3)  # a mismatch that is allowed is told once since boot
MISMATCH: Final = "Kernel module BTF mismatch detected, BTF debug info may be unavailable for some modules"
MAGIC: Final = 0xEB9F
ENOTSUPP: Final = 524
HEADER: Final = "HBBIIIII"  # magic, version, flags, hdr_len, type_off, type_len, str_off, str_len
SHORT: Final = 24  # bytes of the header without the layout section
LONG: Final = {False: SHORT, True: SHORT + 8}  # bytes of the header that the kernel knows
LAYOUT_SINCE: Final = (7, 1)
TYPE: Final = 12  # bytes of struct btf_type
LAST_KIND: Final = 19
MORE: Final = {1: 4, 3: 12, 14: 4, 17: 4}  # bytes behind struct btf_type, by kind
EACH: Final = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}  # bytes of each of vlen entries, by kind
MEMBERS: Final = (4, 5)  # kinds of structs and unions
NAMED: Final = (4, 5, 6, 13, 19)  # kinds whose entries begin with a name


class BadBtf(Exception):
    """What the verifier says, line by line, and its errno."""

    def __init__(self, *lines: str, errno: int = EINVAL, optional: bool = False) -> None:
        super().__init__(*lines)
        self.lines, self.errno = lines, errno
        self.optional = optional  # about one type: later kernels are silent about it where they go on


class Parsed(NamedTuple):
    """Where a BTF ends: what another one goes on from."""

    types: int
    strings: int  # bytes


def notify(load: LoadInfo) -> None:
    """Refuse a module whose BTF is wrong, or only tell, as the kernel was built."""
    if not load.on("DEBUG_INFO_BTF_MODULES"):
        return
    data = _content(load, OWN)
    if not data:
        return
    try:
        _parse_module(load, data)
    except BadBtf as bad:
        tolerant, later = load.on("MODULE_ALLOW_BTF_MISMATCH"), load.rules.since(*ONCE_SINCE)
        for line in () if bad.optional and tolerant and later else bad.lines:
            load.log(ERR, f"BPF: {line}")
        said = f"failed to validate module [{load.module.name}] BTF: {-bad.errno}"
        if not tolerant:
            load.refuse(bad.errno, said, WARNING)
        if not later:
            load.log(WARNING, said)
        elif load.state.once(MISMATCH):
            load.log(WARNING, MISMATCH)


def _parse_module(load: LoadInfo, data: bytes) -> None:
    order = PREFIXES[load.rules.arch.order]
    longer = load.rules.since(*LAYOUT_SINCE)
    base = _content(load, BASE) if load.rules.since(*BASE_SINCE) else b""
    known = _parse(base, order, None, longer=longer, split=False) if base else None
    _parse(data, order, known, longer=longer, split=True)


def _content(load: LoadInfo, name: str) -> bytes:
    """What the first section called ``name`` holds, loaded or not; kernel/module/main.c: any_section_objs."""
    found = (at for at, section in enumerate(load.sections) if at and section.name == name)
    at = next(found, 0)
    return load.copy(at) if at else b""


def _parse(data: bytes, order: str, base: Parsed | None, *, longer: bool, split: bool) -> Parsed:
    """Check ``data``, which goes on from ``base``; ``split``: it goes on from something."""
    types, strings = _sections(data, order, longer=longer, split=split)
    if not (split and not strings) and (not strings or strings[-1] or (not split and strings[0])):
        raise BadBtf("Invalid string section")
    top = len(strings) + (base.strings if base else 0) if base or not split else None
    first = base.types if base else 1
    count = sum(1 for _ in _metas(types, order, first, top))
    return Parsed(first + count, len(strings))


def _sections(data: bytes, order: str, *, longer: bool, split: bool) -> tuple[bytes, bytes]:
    """The types and the strings; btf_parse_hdr, btf_check_sec_info."""
    size = len(data)
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
    body = data[length:]
    if length < LONG[longer] and str_off + str_len != len(body):
        raise BadBtf("String section is not at the end")
    return body[type_off : type_off + type_len], body[str_off : str_off + str_len]


def _no_gaps(parts: list[tuple[int, int]], size: int) -> None:
    """Refuse sections that are not one behind the other in ``size`` bytes."""
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


def _metas(types: bytes, order: str, first: int, top: int | None) -> Iterator[int]:
    """The number of each type; names have to begin below ``top``. btf_check_all_metas."""
    head = Struct(f"{order}3I")
    at, number = 0, first
    while at < len(types):
        left = len(types) - at
        if left < TYPE:
            raise BadBtf(f"[{number}] meta_left:{left} meta_needed:{TYPE}")
        name, info, _ = head.unpack_from(types, at)
        kind, entries = info >> 24 & 0x1F, info & 0xFFFF
        if not 0 < kind <= LAST_KIND:
            raise BadBtf(f"[{number}] Invalid kind:{kind}")
        if top is not None and name >= top:
            raise BadBtf(f"[{number}] Invalid name_offset:{name}")
        needed = MORE.get(kind, 0) + EACH.get(kind, 0) * entries
        if left - TYPE < needed:
            raise BadBtf(f"meta_left:{left - TYPE} meta_needed:{needed}")
        if top is not None and kind in NAMED:
            _entries(types[at + TYPE : at + TYPE + needed], order, kind, top, flagged=bool(info >> 31))
        yield number
        at, number = at + TYPE + needed, number + 1


def _entries(entries: bytes, order: str, kind: int, top: int, *, flagged: bool) -> None:
    """Refuse the names of members, values or parameters that begin behind all strings."""
    size = EACH[kind]
    row = Struct(f"{order}{size // 4}I")
    for name, *rest in row.iter_unpack(entries):
        if name < top:
            continue
        if kind not in MEMBERS:
            raise BadBtf(f"Invalid name_offset:{name}")
        offset = rest[1] & 0xFF_FFFF if flagged else rest[1]
        place = f"\t(invalid-name-offset) type_id={rest[0]} bits_offset={offset}"
        raise BadBtf(place, " ", f"Invalid member name_offset:{name}", "", optional=True)
