"""Relocate a module's BTF from its distilled base to the kernel's own; tools/lib/bpf/btf_relocate.c."""

from __future__ import annotations

from errno import EINVAL, ENOENT
from typing import Final, NamedTuple

from pymodutils.kernel.emulated.load.btf import COMPOSITE, MODIFIERS, BadBtf, BtfKind, SplitBtf, Type

SIZED: Final = (BtfKind.INT, BtfKind.FLOAT, BtfKind.ENUM, BtfKind.ENUM64)  # matched by name and size
NAMED: Final = (*SIZED, BtfKind.FWD, *COMPOSITE)
DISTILLED: Final = (BtfKind.INT, BtfKind.FLOAT, BtfKind.ENUM, BtfKind.FWD, *COMPOSITE)
MEMBER: Final = 3  # words
CHAIN: Final = 64  # maximum depth of modifiers and arrays


class NotMapped(BadBtf):
    """A failed relocation, logged as a warning, not as a verifier message."""


class BtfNameInfo(NamedTuple):
    """A named type of the kernel."""

    number: int
    kind: int
    flag: bool
    size: int
    encoding: int  # of an INT


def named(btf: SplitBtf) -> dict[bytes, list[BtfNameInfo]]:
    """The named types of the kernel in ``btf``, to which modules may be relocated, in order by name."""
    found: dict[bytes, list[BtfNameInfo]] = {}
    for one in btf.walk():
        kind = btf.kind(one.info)
        if one.name_off and kind in NAMED:
            encoding = one.words[0] >> 24 & 0xF if kind == BtfKind.INT else 0
            candidate = BtfNameInfo(one.number, kind, one.flag, one.size, encoding)
            found.setdefault(btf.string(one.name_off), []).append(candidate)
    return found


def relocate(
    split: SplitBtf, types: list[Type], distilled: list[Type], onto: dict[bytes, list[BtfNameInfo]]
) -> None:
    """Refuse a module that uses types of ``distilled`` that the kernel, ``onto``, lacks; raises BadBtf."""
    base = split.base
    if base is None:
        return
    for one in distilled:
        _distilled(base, one)
    embedded = _embedded(split, types, distilled)
    mapped: set[int] = set()  # offsets of names
    for one in distilled:
        if not _match(base, one, onto, one.number in embedded):
            name = base.name(one.name_off)
            told = f"distilled base BTF type '{name}' [{one.number}] is not mapped to base BTF id"
            raise NotMapped(told, errno=EINVAL)
        mapped.add(one.name_off)
    _names(split, types, mapped)


def _distilled(base: SplitBtf, one: Type) -> None:
    """Refuse types that a distilled base must not contain."""
    kind = base.kind(one.info)
    if kind not in DISTILLED:
        told = f"type [{one.number}] in distilled based BTF has unexpected kind [{kind}]"
        raise NotMapped(told, errno=EINVAL)
    if not one.name_off:
        told = f"type [{one.number}], kind [{kind}] is invalid for distilled base BTF; it is anonymous"
        raise NotMapped(told, errno=EINVAL)


def _embedded(split: SplitBtf, types: list[Type], distilled: list[Type]) -> set[int]:
    """The structures of the base embedded in those of the module, whose sizes must match."""
    every = {one.number: one for one in (*distilled, *types)}
    members = (
        number for one in types if split.kind(one.info) in COMPOSITE for number in one.words[1::MEMBER]
    )
    found = {_composite(split, every, number) for number in members}
    return {number for number in found if split.base and number < split.base.count}


def _composite(split: SplitBtf, every: dict[int, Type], number: int) -> int:
    """The structure that is type ``number`` or its element type; 0 if there is none."""
    for _ in range(CHAIN):
        one = every.get(number)
        kind = split.kind(one.info) if one else 0
        if one is None or kind not in (*MODIFIERS, BtfKind.ARRAY):
            return number if kind in COMPOSITE else 0
        number = one.words[0] if kind == BtfKind.ARRAY else one.size
    return 0


def _match(base: SplitBtf, one: Type, onto: dict[bytes, list[BtfNameInfo]], embedded: bool) -> bool:
    """Whether the kernel has a type that matches ``one``; refuses several of the same size."""
    rows = onto.get(base.string(one.name_off), [])
    composites = sum(row.kind in COMPOSITE for row in rows)
    found = 0
    for row in rows:
        sized = row.kind in SIZED or (row.kind in COMPOSITE and composites > 1)
        if (sized and row.size != one.size) or not _is_same(base, one, row, embedded):
            continue
        if found:
            name, size = base.name(one.name_off), row.size
            what = f"distilled base BTF type '{name}' [{one.number}], size {size} has multiple candidates"
            raise NotMapped(
                f"{what} of the same size (ids [{row.number}, {found}]) in base BTF", errno=EINVAL
            )
        found = row.number
    return bool(found)


def _is_same(base: SplitBtf, one: Type, row: BtfNameInfo, embedded: bool) -> bool:
    kind = base.kind(one.info)
    if kind == BtfKind.FWD:
        fitting = {
            BtfKind.FWD: one.flag,
            BtfKind.STRUCT: False,
            BtfKind.UNION: True,
        }  # requirement for the kernel's type
        return row.flag == fitting.get(BtfKind(row.kind))
    if kind == BtfKind.INT:
        return row.kind == kind and row.encoding == one.words[0] >> 24 & 0xF
    if kind == BtfKind.FLOAT:
        return row.kind == kind
    if kind == BtfKind.ENUM:
        return row.kind in (kind, BtfKind.ENUM64)
    return not embedded or row.size == one.size


def _names(split: SplitBtf, types: list[Type], mapped: set[int]) -> None:
    """Refuse a name in the base that does not belong to one of its types."""
    for one in types:
        for offset in (one.name_off, *_own_names(split, one)):
            if 0 < offset < split.start_str and offset not in mapped:
                told = f"string '' [offset {offset}] is not mapped to base BTF"  # the kernel's text
                raise NotMapped(told, errno=ENOENT)


def _own_names(split: SplitBtf, one: Type) -> tuple[int, ...]:
    """The offsets of the names of members, values or parameters."""
    kind = split.kind(one.info)
    width = {BtfKind.ENUM: 2, BtfKind.FUNC_PROTO: 2, BtfKind.ENUM64: 3, BtfKind.STRUCT: 3, BtfKind.UNION: 3}
    return one.words[:: width[BtfKind(kind)]] if kind in width else ()
