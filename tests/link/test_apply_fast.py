"""apply_fast and apply_exact: the same results for random, invalid and overlapping relocations."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymodutils.arch import MODULES
from pymodutils.arch.model import Arch
from pymodutils.link import apply_fast
from pymodutils.link.failure import LinkError
from pymodutils.link.image import Image
from pymodutils.link.layout import LayoutConfig, layout
from pymodutils.link.reloc_section import NeedsExact
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify
from tests.link.modules import load
from tests.link.objects import Part, Rel, Sym, make

SIZE, IMPORTS = 64, 4
PLACES = st.integers(0, SIZE + 2)
ADDENDS = st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(-8, 8)


def relocations(arch: Arch) -> st.SearchStrategy[list[Rel]]:
    numbers = st.sampled_from(sorted(arch.relocs)) | st.integers(0, 255)
    addends = ADDENDS if arch.bits == 64 else st.just(0)
    aligned = st.integers(0, SIZE // 8 - 1).map(lambda at: 8 * at)
    return st.lists(
        st.builds(Rel, aligned | PLACES, numbers, st.integers(0, IMPORTS + 1), addends, st.just(0)),
        max_size=9,
    )


def outcome(arch: Arch, data: bytes, values: Sequence[int], *, in_bulk: bool) -> object:
    """The text as linked, or the refusal."""
    module = load(data, arch)
    image = Image(module, layout(module, LayoutConfig()), (0xC000_0000, 0))
    given_values = iter(values)
    symbols = simplify(image, "m", lambda _: next(given_values), lambda _, __: None)
    side_effect = apply_fast.apply if in_bulk else NeedsExact
    with mock.patch("pymodutils.link.apply_fast.apply", side_effect=side_effect):
        try:
            relocate(image, symbols, "m")
        except LinkError as error:
            return (type(error), error.errno, error.log, error.where, str(error))
    return bytes(image.section(1))


every = (import_module(f"pymodutils.arch.{name}").ARCHS for name in sorted(set(MODULES.values())))
ARCHS = [arch for archs in every for arch in archs if arch.builder is None]


@pytest.mark.parametrize("arch", ARCHS, ids=lambda arch: f"{arch.name} {arch.bits} {arch.order}")
def test_both_ways_give_the_same(arch: Arch) -> None:
    top = (1 << arch.bits) - 1
    values = st.lists(st.integers(0, top), min_size=IMPORTS, max_size=IMPORTS)
    content = st.just(bytes(SIZE)) | st.binary(min_size=SIZE, max_size=SIZE)
    kinds: set[object] = set()

    @settings(max_examples=80)
    @given(relocations(arch), values, content)
    def check(rows: list[Rel], symbols: list[int], text: bytes) -> None:
        data = make(arch, [Part(".text", text)], [Sym(f"s{at}") for at in range(IMPORTS)], {1: rows})
        one_by_one = outcome(arch, data, symbols, in_bulk=False)
        assert outcome(arch, data, symbols, in_bulk=True) == one_by_one
        kinds.add(one_by_one[0] if isinstance(one_by_one, tuple) else bytes)

    check()
    assert bytes in kinds
    assert kinds > {bytes}  # and refusals
