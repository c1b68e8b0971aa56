"""Check each type of a BTF: kind, name and data; kernel/bpf/btf.c: btf_check_meta."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymodutils.kernel.emulated.load.btf import COMPOSITE, MODIFIERS, RECORD, BadBtf, BtfKind, Type
from pymodutils.kernel.emulated.load.btf_verifier_log import ENCODINGS, refuse, refuse_basic, rows
from pymodutils.twos_complement import signed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.emulated.load.btf import SplitBtf

ENOTSUPP: Final = 524
LETTERS: Final = rb"A-Za-z\xc0-\xd6\xd8-\xf6\xf8-\xff"  # of Latin-1, as lib/ctype.c has them
IDENTIFIER: Final = re.compile(rb"[%b_.][%b0-9_.]{0,511}\0" % (LETTERS, LETTERS))
PRINTABLE: Final = re.compile(rb"[ -~\xa0-\xff]{1,512}\0")
UNION, TYPE_TAG = int(BtfKind.UNION), int(BtfKind.TYPE_TAG)  # plain numbers are compared faster
NAMED: Final = (int(BtfKind.TYPEDEF), TYPE_TAG)
INT_MASK: Final = 0x0FFF_FFFF
FLOATS: Final = (2, 4, 8, 12, 16)  # bytes
LARGEST_ENUM: Final = 8
LARGEST_INT: Final = 128  # bits
LINKAGES: Final = 2  # static and global


def check_all(btf: SplitBtf) -> list[Type]:
    """The number of types; raises BadBtf at the first invalid one."""
    found = []
    btf.count = btf.start + (not btf.base)
    at, end = 0, len(btf.types)
    while at < end:
        one = _meta(btf, at, end - at)
        found.append(one)
        at += RECORD + 4 * len(one.words)
        btf.count += 1
    return found


def _meta(btf: SplitBtf, at: int, left: int) -> Type:
    """The type at ``at``, of which and after which there are ``left`` bytes."""
    number = btf.count
    if left < RECORD:
        raise BadBtf(f"[{number}] meta_left:{left} meta_needed:{RECORD}")
    name_off, info, size = btf.words(at, 3)
    if info & btf.unused:
        raise BadBtf(f"[{number}] Invalid btf_info:{info:x}")
    kind = btf.kind(info)
    if kind not in CHECKS:
        raise BadBtf(f"[{number}] Invalid kind:{kind}")
    if btf.known and name_off >= btf.end_names:
        raise BadBtf(f"[{number}] Invalid name_offset:{name_off}")
    words = btf.sizes[info] - RECORD // 4
    one = Type(number, name_off, info, size, btf.words(at + RECORD, words) if words else ())
    if left - RECORD < 4 * words:
        refuse_basic(btf, one, f"meta_left:{left - RECORD} meta_needed:{4 * words}")
    if btf.known:
        CHECKS[kind](btf, one)
    return one


def _int(btf: SplitBtf, one: Type) -> None:
    _plain(btf, one)
    (data,) = one.words
    if data & ~INT_MASK:
        refuse_basic(btf, one, f"Invalid int_data:{data:x}")
    bits = (data & 0xFF) + (data >> 16 & 0xFF)
    if bits > LARGEST_INT:
        refuse(btf, one, f"nr_bits exceeds {LARGEST_INT}")
    if -(-bits // 8) > one.size:
        refuse(btf, one, "nr_bits exceeds type_size")
    if data >> 24 & 0xF not in ENCODINGS:
        refuse(btf, one, "Unsupported encoding", errno=ENOTSUPP)


def _plain(btf: SplitBtf, one: Type) -> None:
    if btf.vlen(one.info):
        refuse(btf, one, "vlen != 0")
    if one.flag:
        refuse(btf, one, "Invalid btf_info kind_flag")


def _reference(btf: SplitBtf, one: Type) -> None:
    kind = btf.kind(one.info)
    if btf.vlen(one.info):
        refuse(btf, one, "vlen != 0")
    if one.flag and not (btf.limits.flagged and kind == TYPE_TAG):
        refuse(btf, one, "Invalid btf_info kind_flag")
    if one.size > btf.limits.types:
        refuse(btf, one, "Invalid type_id")
    named = bool(btf.string(one.name_off)) if kind == TYPE_TAG else _is_identifier(btf, one.name_off)
    if named != (kind in NAMED) or (not named and one.name_off):
        refuse(btf, one, "Invalid name")


def _array(btf: SplitBtf, one: Type) -> None:
    if one.name_off:
        refuse(btf, one, "Invalid name")
    _plain(btf, one)
    if one.size:
        refuse(btf, one, "size != 0")
    for number, what in zip(one.words, ("elem", "index"), strict=False):
        if not 0 < number <= btf.limits.types:
            refuse(btf, one, f"Invalid {what}")


def _composite(btf: SplitBtf, one: Type) -> None:
    if one.name_off and not _is_identifier(btf, one.name_off):
        refuse(btf, one, "Invalid name")
    last, mask, types = 0, 0xFF_FFFF if one.flag else 0xFFFF_FFFF, btf.limits.types
    is_union = btf.kind(one.info) == UNION
    for name, number, place in rows(btf, one):
        offset = place & mask
        wrong = ""
        if name >= btf.end_names:
            wrong = f"Invalid member name_offset:{name}"
        elif name and not _is_identifier(btf, name):
            wrong = "Invalid name"
        elif not 0 < number <= types:
            wrong = "Invalid type_id"
        elif last > offset or (offset and is_union):
            wrong = "Invalid member bits_offset"
        elif -(-offset // 8) > one.size:
            wrong = "Member bits_offset exceeds its struct size"
        if wrong:
            bits = f" bitfield_size={place >> 24}" if one.flag else ""
            told = f"\t{btf.name(name)} type_id={number}{bits} bits_offset={offset}"
            raise BadBtf(told, " ", wrong, "", optional=True)
        last = offset


def _enum(btf: SplitBtf, one: Type) -> None:
    if one.size > LARGEST_ENUM or one.size & one.size - 1 or not one.size:
        refuse(btf, one, "Unexpected size")
    if one.name_off and not _is_identifier(btf, one.name_off):
        refuse(btf, one, "Invalid name")
    for name, *_ in rows(btf, one):
        if name >= btf.end_names:
            raise BadBtf(f"\tInvalid name_offset:{name}")
        if not _is_identifier(btf, name):
            refuse(btf, one, "Invalid name")


def _forward(btf: SplitBtf, one: Type) -> None:
    if btf.vlen(one.info):
        refuse(btf, one, "vlen != 0")
    if one.size:
        refuse(btf, one, "type != 0")
    if not _is_identifier(btf, one.name_off):
        refuse(btf, one, "Invalid name")


def _function(btf: SplitBtf, one: Type) -> None:
    if not _is_identifier(btf, one.name_off):
        refuse(btf, one, "Invalid name")
    if btf.vlen(one.info) >= LINKAGES:
        refuse(btf, one, "Invalid func linkage")
    if one.flag:
        refuse(btf, one, "Invalid btf_info kind_flag")


def _prototype(btf: SplitBtf, one: Type) -> None:
    if one.name_off:
        refuse(btf, one, "Invalid name")
    if one.flag:
        refuse(btf, one, "Invalid btf_info kind_flag")


def _variable(btf: SplitBtf, one: Type) -> None:
    _plain(btf, one)
    if not _is_identifier(btf, one.name_off):
        refuse(btf, one, "Invalid name")
    if not 0 < one.size <= btf.limits.types:
        refuse(btf, one, "Invalid type_id")
    if one.words[0] >= LINKAGES:
        refuse(btf, one, "Linkage not supported")


def _section(btf: SplitBtf, one: Type) -> None:
    if not one.size:
        refuse(btf, one, "size == 0")
    if one.flag:
        refuse(btf, one, "Invalid btf_info kind_flag")
    if not one.name_off or not btf.matches(one.name_off, PRINTABLE if btf.limits.printable else IDENTIFIER):
        refuse(btf, one, "Invalid name")
    end = total = 0
    for number, offset, size in rows(btf, one):
        if wrong := _wrong_variable(btf, one, end, (number, offset, size)):
            raise BadBtf(f"\t type_id={number} offset={offset} size={size}", " ", wrong, "")
        end, total = offset + size, total + size
    if one.size < total:
        refuse(btf, one, "Invalid btf_info size")


def _wrong_variable(btf: SplitBtf, one: Type, end: int, row: tuple[int, int, int]) -> str:
    """The fault in a variable of a section after one that ends at ``end``, or ""."""
    number, offset, size = row
    if not 0 < number <= btf.limits.types:
        return "Invalid type_id"
    if not end <= offset < one.size:
        return "Invalid offset"
    if not 0 < size <= one.size:
        return "Invalid size"
    return "Invalid offset+size" if offset + size > one.size else ""


def _float(btf: SplitBtf, one: Type) -> None:
    _plain(btf, one)
    if one.size not in FLOATS:
        refuse(btf, one, "Invalid type_size")


def _tag(btf: SplitBtf, one: Type) -> None:
    if not btf.string(one.name_off):
        refuse(btf, one, "Invalid value")
    if btf.vlen(one.info):
        refuse(btf, one, "vlen != 0")
    if one.flag and not btf.limits.flagged:
        refuse(btf, one, "Invalid btf_info kind_flag")
    if signed(one.words[0], 32) < -1:
        refuse(btf, one, "Invalid component_idx")


CHECKS: Final[dict[int, Callable[[SplitBtf, Type], None]]] = {
    BtfKind.INT: _int,
    BtfKind.ARRAY: _array,
    BtfKind.FWD: _forward,
    BtfKind.FUNC: _function,
    BtfKind.FUNC_PROTO: _prototype,
    BtfKind.VAR: _variable,
    BtfKind.DATASEC: _section,
    BtfKind.FLOAT: _float,
    BtfKind.DECL_TAG: _tag,
    **dict.fromkeys(COMPOSITE, _composite),
    **dict.fromkeys((BtfKind.ENUM, BtfKind.ENUM64), _enum),
    **dict.fromkeys((BtfKind.PTR, *MODIFIERS), _reference),
}


def _is_identifier(btf: SplitBtf, offset: int) -> bool:
    return offset > 0 and btf.matches(offset, IDENTIFIER)
