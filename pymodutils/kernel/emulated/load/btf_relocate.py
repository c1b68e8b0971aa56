"""A module's BTF moved from its distilled base onto the kernel's own; tools/lib/bpf/btf_relocate.c."""

from __future__ import annotations

from errno import EINVAL, ENOENT
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.kernel.emulated.load.btf import COMPOSITE, MODIFIERS, BadBtf, Btf, Kind, Type

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.load.btf import Limits

SIZED: Final = (Kind.INT, Kind.FLOAT, Kind.ENUM, Kind.ENUM64)  # matched by name and size
NAMED: Final = (*SIZED, Kind.FWD, *COMPOSITE)
DISTILLED: Final = (Kind.INT, Kind.FLOAT, Kind.ENUM, Kind.FWD, *COMPOSITE)
MEMBER: Final = 3  # words
CHAIN: Final = 64  # modifiers and arrays that are followed


class NotMapped(BadBtf):
    """What relocating says is no line of the verifier's, but a warning."""


class Candidate(NamedTuple):
    """A named type of the kernel."""

    number: int
    kind: int
    flag: bool
    size: int
    encoding: int  # of an INT


class Kernel(NamedTuple):
    """The kernel's own BTF: its named types by name, in their order, and how many types there are."""

    btf: Btf
    named: dict[bytes, list[Candidate]]


@lru_cache(maxsize=2)
def kernel(types: bytes, strings: bytes, order: str, limits: Limits) -> Kernel:
    """The types of the kernel that modules may be moved onto."""
    btf = Btf(types, strings, order, limits)
    named: dict[bytes, list[Candidate]] = {}
    for one in btf.walk():
        kind = btf.kind(one.info)
        if one.name_off and kind in NAMED:
            encoding = one.words[0] >> 24 & 0xF if kind == Kind.INT else 0
            candidate = Candidate(one.number, kind, one.flag, one.size, encoding)
            named.setdefault(btf.string(one.name_off), []).append(candidate)
    return Kernel(btf, named)


def relocate(split: Btf, types: list[Type], distilled: list[Type], onto: Kernel) -> None:
    """Refuse a module that uses types of ``distilled`` which the kernel has not; raises BadBtf."""
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


def _distilled(base: Btf, one: Type) -> None:
    """Refuse what only whole BTFs have."""
    kind = base.kind(one.info)
    if kind not in DISTILLED:
        told = f"type [{one.number}] in distilled based BTF has unexpected kind [{kind}]"
        raise NotMapped(told, errno=EINVAL)
    if not one.name_off:
        told = f"type [{one.number}], kind [{kind}] is invalid for distilled base BTF; it is anonymous"
        raise NotMapped(told, errno=EINVAL)


def _embedded(split: Btf, types: list[Type], distilled: list[Type]) -> set[int]:
    """The structures of the base that lie within those of the module: their sizes have to be equal."""
    every = {one.number: one for one in (*distilled, *types)}
    members = (
        number for one in types if split.kind(one.info) in COMPOSITE for number in one.words[1::MEMBER]
    )
    found = {_composite(split, every, number) for number in members}
    return {number for number in found if split.base and number < split.base.count}


def _composite(split: Btf, every: dict[int, Type], number: int) -> int:
    """The structure that type ``number`` is, or has as its elements; 0 if there is none."""
    for _ in range(CHAIN):
        one = every.get(number)
        kind = split.kind(one.info) if one else 0
        if one is None or kind not in (*MODIFIERS, Kind.ARRAY):
            return number if kind in COMPOSITE else 0
        number = one.words[0] if kind == Kind.ARRAY else one.size
    return 0


def _match(base: Btf, one: Type, onto: Kernel, embedded: bool) -> bool:
    """Whether the kernel has one type that is ``one``; refuses several of the same size."""
    rows = onto.named.get(base.string(one.name_off), [])
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


def _is_same(base: Btf, one: Type, row: Candidate, embedded: bool) -> bool:
    kind = base.kind(one.info)
    if kind == Kind.FWD:
        fitting = {
            Kind.FWD: one.flag,
            Kind.STRUCT: False,
            Kind.UNION: True,
        }  # what the kernel asks of its own
        return row.flag == fitting.get(Kind(row.kind))
    if kind == Kind.INT:
        return row.kind == kind and row.encoding == one.words[0] >> 24 & 0xF
    if kind == Kind.FLOAT:
        return row.kind == kind
    if kind == Kind.ENUM:
        return row.kind in (kind, Kind.ENUM64)
    return not embedded or row.size == one.size


def _names(split: Btf, types: list[Type], mapped: set[int]) -> None:
    """Refuse a name of the base that is not that of one of its types."""
    for one in types:
        for offset in (one.name_off, *_own_names(split, one)):
            if 0 < offset < split.start_str and offset not in mapped:
                told = f"string '' [offset {offset}] is not mapped to base BTF"  # so it says
                raise NotMapped(told, errno=ENOENT)


def _own_names(split: Btf, one: Type) -> tuple[int, ...]:
    """The offsets of the names of members, values or parameters."""
    kind = split.kind(one.info)
    width = {Kind.ENUM: 2, Kind.FUNC_PROTO: 2, Kind.ENUM64: 3, Kind.STRUCT: 3, Kind.UNION: 3}
    return one.words[:: width[Kind(kind)]] if kind in width else ()
