"""Malformed relocations on every architecture: a clear error or a link."""

from __future__ import annotations

import random

import pytest

from pymodutils.arch.reloc import RelocType
from pymodutils.errors import ModutilsError
from pymodutils.link.failure import LinkError
from tests.arch.cases import BUNDLE, ours
from tests.arch.linkers import JUDGED, Judged
from tests.link.objects import Part, Rel, Sym, make

SIZE, SYMBOLS, ROUNDS = 64, 4, 300
ALL = [pytest.param(one, id=one.name) for one in JUDGED]


def linked(judged: Judged, rows: list[Rel], values: list[int]) -> bytes:
    """The text of a module with these relocations."""
    parts = [Part(".text", bytes(SIZE), align=16), *judged.parts]
    symbols = [Sym(f"s{at}") for at in range(SYMBOLS)]
    data = make(judged.arch, parts, symbols, {1: rows}, e_flags=judged.flags, rela=judged.rela)
    imports = {f"s{at}": value for at, value in enumerate(values)}
    return ours(judged.arch, data, imports, judged.bases[1], judged.options, release=judged.release)


def rows(judged: Judged) -> list[tuple[int, RelocType]]:
    """The types that this kernel release supports and that patch their place."""
    every = [(number, row) for number, row in judged.arch.relocs.items() if row.since <= judged.release]
    real = [(number, row) for number, row in every if number < 256 and row.field.size != BUNDLE]
    return [(number, row) for number, row in real if row.stores and not row.refused]


@pytest.mark.parametrize("judged", ALL)
def test_places_outside_of_the_section(judged: Judged) -> None:
    word = (1 << judged.arch.bits) - 1
    for number, row in rows(judged):
        for offset in (SIZE - row.field.size + 1, SIZE, SIZE + 1, 1 << 31, word - 1, word):
            with pytest.raises(LinkError, match=r"module: \.text\+0x") as failure:
                linked(judged, [Rel(offset, number, 1)], [0] * SYMBOLS)
            assert failure.value.where.relocation == row.name
            assert failure.value.where.offset == offset


@pytest.mark.parametrize("judged", ALL)
@pytest.mark.parametrize("beyond", [0, 1, 1000])
def test_symbols_beyond_the_table(judged: Judged, beyond: int) -> None:
    for number, _ in rows(judged):
        with pytest.raises(LinkError, match=r"symbol|sym offset"):
            linked(judged, [Rel(0, number, SYMBOLS + 1 + beyond)], [0] * SYMBOLS)


@pytest.mark.parametrize("judged", ALL)
def test_anything_at_all_is_linked_or_refused(judged: Judged) -> None:
    arch, chance = judged.arch, random.Random(judged.name)  # noqa: S311 -- cases, not secrets
    top = 1 << arch.bits
    numbers = [number & 0xFF for number in arch.relocs if judged.slots or arch.bits == 64 or number < 256]
    seen: set[str] = set()
    for _ in range(ROUNDS):
        some = [
            Rel(
                chance.choice((4 * chance.randrange(SIZE // 4), chance.randrange(SIZE + 2))),
                chance.choice((chance.choice(numbers), chance.randrange(256))),
                chance.randrange(SYMBOLS + 2),
                chance.choice((0, -4, chance.randrange(-top // 2, top // 2))),
            )
            for _ in range(chance.randint(1, 4))
        ]
        values = [chance.choice((0, top - 4, judged.bases[1], chance.randrange(top))) for _ in range(SYMBOLS)]
        try:
            linked(judged, some, values)
        except ModutilsError as error:
            seen.add(type(error).__name__)
        else:
            seen.add("linked")
    assert seen >= {"linked", "OutOfBounds"}
