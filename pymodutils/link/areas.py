"""The areas of a module's memory: two until 6.3, three on some machines, seven since 6.4."""

from __future__ import annotations

from typing import Final, NamedTuple


class Plan(NamedTuple):
    """Which area each of the five rounds fills, and after which rounds a new page begins."""

    areas: tuple[str, ...]
    core: tuple[int, ...]
    init: tuple[int | None, ...]  # None: such sections wait for a later round
    pages_core: frozenset[int]
    pages_init: frozenset[int]
    whole_pages: bool  # each area, at the end


TWO_AREAS: Final = Plan(
    ("core", "init"), (0,) * 5, (1,) * 5, frozenset({0, 1, 2, 4}), frozenset({0, 1, 4}), whole_pages=False
)
DATA_APART: Final = Plan(  # ARCH_WANTS_MODULES_DATA_IN_VMALLOC, 5.18 to 6.3
    ("core", "init", "data"),
    (0, 2, 2, 2, 2),
    (1,) * 5,
    frozenset({0, 1, 2, 4}),
    frozenset({0, 1, 4}),
    whole_pages=False,
)
SEVEN_AREAS: Final = Plan(
    ("text", "data", "rodata", "ro_after_init", "init.text", "init.data", "init.rodata"),
    (0, 2, 3, 1, 1),
    (4, 6, None, 5, 5),
    frozenset(),
    frozenset(),
    whole_pages=True,
)
