"""Big-endian ARM modules: instructions are little-endian, so calls are counted as elsewhere."""

from __future__ import annotations

import pytest

from pymodutils.arch.arm import ARCHS
from pymodutils.arch.model import Arch
from pymodutils.link.frob import frob
from pymodutils.link.layout import LayoutConfig
from tests.link.modules import load
from tests.link.objects import Part, Rel, Sym, make

BL = (0xEBFF_FFFE).to_bytes(4, "little")  # to the symbol itself
CALLS, R_ARM_CALL, LINES = 64, 28, 128  # bytes of entries and targets, two cache lines


@pytest.mark.parametrize("arch", ARCHS, ids=lambda arch: arch.order)
def test_equal_calls_share_an_entry(arch: Arch) -> None:
    parts = [Part(".text", BL * CALLS), Part(".plt", b""), Part(".init.plt", b"")]
    rows = [Rel(4 * at, R_ARM_CALL, 1, 0) for at in range(CALLS)]
    data = make(arch, parts, [Sym("callee")], {1: rows})
    made = frob(load(data, arch), LayoutConfig(), "module")
    assert {one.name: one.sh_size for one in made.sections if one.name.endswith("plt")} == {
        ".plt": LINES,
        ".init.plt": LINES,
    }
