"""Why the CRC of an export changed: the nearest difference between the types it refers to in two kernels."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from pymodutils.checks.kabi_btf import COMPOSITE, MODIFIERS, BtfKind, BtfTypes
from pymodutils.checks.kabi_reason import KabiChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pymodutils.checks.kabi_btf import BtfMember
    from pymodutils.kernel.description import Description

Pair = tuple[int, int]
WRAPPED: Final = frozenset((BtfKind.PTR, *MODIFIERS))
ENUMS: Final = (BtfKind.ENUM, BtfKind.ENUM64)
NUMBERS: Final = (BtfKind.INT, BtfKind.FLOAT)
BYTE: Final = 8  # bits
NAMELESS: Final = "{...}"
MOVED: Final = " moved "
COUNTED: Final = 200  # symbols for which further differences are counted


def reasons(old: Description, new: Description, symbols: Iterable[str]) -> tuple[list[KabiChange], str]:
    """The reasons why ``symbols`` changed from ``old`` to ``new``; or none, and why there are none.

    Raises BadKernel if the BTF of one of them is damaged.
    """
    lacking = without_btf(old, new)
    if lacking:
        return [], lacking
    types = [BtfTypes(it.btf or b"", it.order or "", it.release or "a kernel") for it in (old, new)]
    return Differ(*types).reasons(symbols), ""


def without_btf(*kernels: Description) -> str:
    """Which of ``kernels`` has no BTF, as the reason why no types are compared; empty if all have it."""
    lacking = [it.release or "a kernel" for it in kernels if not it.btf or not it.order]
    has = "has" if len(lacking) == 1 else "have"
    return f"{' and '.join(lacking)} {has} no BTF, so it is unknown which types changed" if lacking else ""


class Differ:
    """The types of an old and a new kernel that symbols refer to, compared pair by pair."""

    def __init__(self, old: BtfTypes, new: BtfTypes) -> None:
        self.old, self.new = old, new
        self._differ: dict[Pair, str] = {}
        self._below: dict[Pair, list[Pair]] = {}
        self._changes: dict[str, KabiChange | None] = {}

    def reasons(self, symbols: Iterable[str]) -> list[KabiChange]:
        """The reason for each of ``symbols`` that has types in both kernels and refers to a difference."""
        return list(filter(None, map(self._change, symbols)))

    def _change(self, name: str) -> KabiChange | None:
        """The reason for ``name``; further differences are counted for the first symbols only."""
        if name not in self._changes:
            root = self._root(name)
            way = self._way(root) if root else []
            others = self._count(way[0]) - 1 if way and len(self._changes) < COUNTED else None
            self._changes[name] = self._told(name, way, others) if way else None
        return self._changes[name]

    def _told(self, name: str, way: Sequence[Pair], others: int | None) -> KabiChange:
        steps = tuple(filter(None, (self._label(pair) for pair in way[1:-1])))
        return KabiChange(
            name, self._shown(name, way[0]), _owned(self._differ[way[-1]], steps), steps, others
        )

    def _root(self, name: str) -> Pair | None:
        """The types of the function or variable ``name``; None if one of the kernels has none."""
        for ours, theirs in (
            (self.old.functions, self.new.functions),
            (self.old.variables, self.new.variables),
        ):
            if name in ours and name in theirs:
                return ours[name], theirs[name]
        return None

    def _shown(self, name: str, root: Pair) -> str:
        is_function = self.old.kind(root[0]) == BtfKind.FUNC_PROTO
        return f"{name}({self.old.list(root[0])})" if is_function else name

    def _label(self, pair: Pair) -> str:
        """The label of a step on the way; empty for pointers and the like."""
        named = self.old.kind(pair[0]) in COMPOSITE and self.old.name(pair[0])
        return self.old.text(pair[0]) if named else ""

    def _way(self, root: Pair) -> list[Pair]:
        """The shortest way from ``root`` to two types that differ by themselves; empty without one.

        Types whose members differ are preferred to those whose offsets differ, which follow from sizes of
        other types.
        """
        above, level = {root: root}, [root]
        while level:
            below = [child for pair in level for child in self._entered(pair, above)]
            differing = [pair for pair in level if pair in self._differ]
            if differing:
                found = next((pair for pair in differing if MOVED not in self._differ[pair]), differing[0])
                return list(reversed([found, *_upwards(found, above)]))
            level = below
        return []

    def _entered(self, pair: Pair, above: dict[Pair, Pair]) -> list[Pair]:
        """The pairs that ``pair`` refers to and that are not in ``above``, to which they are added."""
        fresh = [child for child in dict.fromkeys(self._reached(pair)) if child not in above]
        above.update(dict.fromkeys(fresh, pair))
        return fresh

    def _reached(self, pair: Pair) -> list[Pair]:
        """The pairs of types that ``pair`` refers to; compares it by itself, too."""
        if pair not in self._below:
            difference, self._below[pair] = self._compared(*pair)
            if difference:
                self._differ[pair] = difference
        return self._below[pair]

    def _count(self, root: Pair) -> int:
        """The number of differing pairs below ``root``."""
        seen, todo = {root}, [root]
        while todo:
            fresh = {pair for pair in self._reached(todo.pop()) if pair not in seen}
            seen.update(fresh)
            todo += fresh
        return sum(pair in self._differ for pair in seen)

    def _compared(self, ours: int, theirs: int) -> tuple[str, list[Pair]]:
        """How two types differ by themselves, and the pairs of types that they refer to."""
        kind = self.old.kind(ours)
        if kind != self.new.kind(theirs):
            return self._kinds(ours, theirs), []
        if kind in COMPOSITE:
            return self._composites(ours, theirs)
        if kind == BtfKind.FUNC_PROTO:
            return self._prototypes(ours, theirs)
        return self._plain(ours, theirs), self._inner(ours, theirs)

    def _plain(self, ours: int, theirs: int) -> str:
        """How two types of the same kind without members or parameters differ."""
        kind = self.old.kind(ours)
        if kind in ENUMS:
            return self._enums(ours, theirs)
        if kind == BtfKind.ARRAY:
            differs = self.old.array(ours)[1] != self.new.array(theirs)[1]
        else:
            differs = kind != BtfKind.TYPE_TAG and self.old.name(ours) != self.new.name(theirs)
            differs |= kind in NUMBERS and self.old.size(ours) != self.new.size(theirs)
        return self._changed(ours, theirs) if differs else ""

    def _inner(self, ours: int, theirs: int) -> list[Pair]:
        """The pair of types that both refer to, if any."""
        kind = self.old.kind(ours)
        if kind == BtfKind.ARRAY:
            return [(self.old.array(ours)[0], self.new.array(theirs)[0])]
        return [(self.old.inner(ours), self.new.inner(theirs))] if kind in WRAPPED else []

    def _changed(self, ours: int, theirs: int) -> str:
        return f"{self.old.text(ours)} became {self.new.text(theirs)}"

    def _kinds(self, ours: int, theirs: int) -> str:
        """How two types of different kinds differ; one may be only declared."""
        before, after = self.old.text(ours), self.new.text(theirs)
        if before == after and BtfKind.FWD in (self.old.kind(ours), self.new.kind(theirs)):
            declared = self.old.kind(ours) == BtfKind.FWD
            return f"{before}: now {'defined' if declared else 'only declared'}"
        return f"{before} became {after}"

    def _prototypes(self, ours: int, theirs: int) -> tuple[str, list[Pair]]:
        before, after = self.old.parameters(ours), self.new.parameters(theirs)
        pairs = [(self.old.inner(ours), self.new.inner(theirs)), *zip(before, after, strict=False)]
        if len(before) != len(after):
            return f"({self.old.list(ours)}) became ({self.new.list(theirs)})", pairs
        return "", pairs

    def _enums(self, ours: int, theirs: int) -> str:
        before, after = self.old.values(ours), self.new.values(theirs)
        title = self.old.text(ours)
        for name in before.keys() - after.keys():
            return f"{title}: {name} removed"
        for name, value in after.items():
            if before.get(name) != value:
                how = f"added as {value}" if name not in before else f"{before[name]} -> {value}"
                return f"{title}: {name} {how}"
        return "" if title == self.new.text(theirs) else self._changed(ours, theirs)

    def _composites(self, ours: int, theirs: int) -> tuple[str, list[Pair]]:
        if self.old.name(ours) != self.new.name(theirs):
            return self._changed(ours, theirs), []
        before, after = self.old.members(ours), self.new.members(theirs)
        first = _first(before, after)
        sizes = self.old.size(ours), self.new.size(theirs)
        grown = [f"size {sizes[0]} -> {sizes[1]}"] if sizes[0] != sizes[1] else []
        difference = ", ".join([*([first] if first else []), *grown])
        pairs = [(one.type, two.type) for one, two in _matched(before, after)]
        return (f"{self.old.text(ours)}: {difference}" if difference else ""), pairs


def _upwards(pair: Pair, above: dict[Pair, Pair]) -> Iterator[Pair]:
    """The pairs above ``pair``, up to the root, which is above itself."""
    while above[pair] != pair:
        pair = above[pair]
        yield pair


def _owned(difference: str, way: Sequence[str]) -> str:
    """``difference`` about an unnamed type, attributed to the type that contains it."""
    kind, nameless, rest = difference.partition(f" {NAMELESS}: ")
    return f"{way[-1]}: in its {kind}, {rest}" if nameless and way else difference


def _matched(before: Sequence[BtfMember], after: Sequence[BtfMember]) -> list[tuple[BtfMember, BtfMember]]:
    """Pairs of members: by name, unnamed ones in order."""
    named = {it.name: it for it in after if it.name}
    nameless = iter([it for it in after if not it.name])
    pairs = [(it, named.get(it.name) if it.name else next(nameless, None)) for it in before]
    return [(one, two) for one, two in pairs if two is not None]


def _first(before: Sequence[BtfMember], after: Sequence[BtfMember]) -> str:
    """The first member that changed."""
    names, fresh = {it.name for it in after}, {it.name for it in before}
    for one, two in zip_longest(before, after):
        if two is not None and (one is None or (one.name != two.name and two.name not in fresh)):
            return f"{_called(two)} added at {_place(two)}"
        if two is None or (one.name != two.name and one.name not in names):
            return f"{_called(one)} removed from {_place(one)}"
        if one.name != two.name:
            return f"{_called(two)} moved to {_place(two)}"
        if one.offset == two.offset and one.bits != two.bits:
            return f"{_called(one)} has {two.bits or 'all'} bits, not {one.bits or 'all'}"
        if one.offset != two.offset:
            return f"{_called(one)} moved from {_place(one)} to {_place(two)}"
    return ""


def _called(member: BtfMember) -> str:
    return f"member {member.name}" if member.name else "a member without a name"


def _place(member: BtfMember) -> str:
    bits = f", bit {member.offset % BYTE}" if member.bits else ""
    return f"{member.offset // BYTE:#x}{bits}"
