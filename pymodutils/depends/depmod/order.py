"""Dependencies of modules and their order in modules.dep: kmod's stack walk."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def number(needs: Sequence[Sequence[int]]) -> list[int]:
    """The position of each module in kmod's topological order; -1 for members of cycles.

    The stack starts with all modules without users; the top one is popped and numbered, and those of its
    dependencies without unnumbered users are pushed.
    """
    users = [0] * len(needs)
    for direct in needs:
        for need in direct:
            users[need] += 1
    stack = [at for at, count in enumerate(users) if not count]
    numbers, counted = [-1] * len(needs), 0
    while stack:
        at = stack.pop()
        numbers[at] = counted
        counted += 1
        for need in needs[at]:
            users[need] -= 1
            if not users[need]:
                stack.append(need)
    return numbers


def closures(needs: Sequence[Sequence[int]], numbers: Sequence[int]) -> list[list[int]]:
    """The direct and indirect dependencies of each module, in the order of modules.dep."""
    everything: list[set[int]] = [set()] * len(needs)
    for at in sorted(range(len(needs)), key=numbers.__getitem__, reverse=True):
        if needs[at]:
            everything[at] = set(needs[at]).union(*[everything[need] for need in needs[at]])
    return [sorted(found, key=numbers.__getitem__) for found in everything]


def direct(needs: Sequence[bytes], owners: Mapping[bytes, int], prefix: bytes = b"") -> list[list[int]]:
    """For each module, the owners of its undefined symbols, in the order of first use.

    ``needs`` are NUL-terminated names; a leading dot (ppc64 entry points) is ignored.
    """
    owner = owners.get
    found = []
    for names in needs:
        if b"\0." in names or names[:1] == b".":
            names = (b"\0" + names).replace(b"\0.", b"\0")[1:]  # noqa: PLW2901
        found.append(
            [at for at in dict.fromkeys(map(owner, _without(prefix, names.split(b"\0")))) if at is not None]
        )
    return found


def first_uses(needs: bytes, owners: Mapping[bytes, int], prefix: bytes = b"") -> dict[int, bytes]:
    """For each owner of ``needs``, the first of its symbols."""
    found: dict[int, bytes] = {}
    for name in needs.split(b"\0"):
        symbol = name.removeprefix(b".").removeprefix(prefix)
        owner = owners.get(symbol)
        if owner is not None:
            found.setdefault(owner, symbol)
    return found


def owners(exports: Sequence[bytes], prefix: bytes = b"") -> dict[bytes, int]:
    """The module that exports each symbol, the last of several; a leading ``prefix`` is ignored."""
    found: dict[bytes, int] = {}
    for at, names in enumerate(exports):
        if names:
            found.update(dict.fromkeys(_without(prefix, names[:-1].split(b"\0")), at))
    return found


def _without(prefix: bytes, names: list[bytes]) -> list[bytes]:
    return [name.removeprefix(prefix) for name in names] if prefix else names
