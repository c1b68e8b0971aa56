"""Per-CPU memory of modules, after the kernel's own."""

from __future__ import annotations

import pytest

from pymodutils.kernel.description import Description
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.rules import assumptions, rules
from tests.kernel.emulated.modules import WRITE, description, module
from tests.link.objects import Part


@pytest.mark.parametrize("percpu", [0x35000, 0xFFFF_FFFF_83DD_A000])
def test_a_module_gets_what_follows_the_kernels_own(percpu: int) -> None:
    kernel = EmulatedKernel.boot(description()._replace(percpu=percpu))
    part = Part(".data..percpu", bytes(8), WRITE)
    for name in ("one", "two"):
        kernel.init_module(module(name, parts=(part,)))
    found = kernel.look(lambda state: [one.percpu for one in state.modules()])
    assert [one and one.address for one in found] == [percpu + 8, percpu]


@pytest.mark.parametrize(
    ("release", "assumed"),
    [("5.10.0", 0x34000), ("6.1.0", 0x34000), ("6.12.0", 0x39000), ("6.14.0", 0x39000)],
)
def test_what_is_assumed_follows_the_release(release: str, assumed: int) -> None:
    known = Description(release=release, machine=62, bits=64, order="little")
    assert rules(known).percpu == assumed
    assert any(f"__per_cpu_end is unknown, assumed to be {assumed:#x}" in line for line in assumptions(known))


@pytest.mark.parametrize(("release", "machine"), [("6.15.0", 62), ("6.1.0", 183)])
def test_it_is_assumed_to_follow_the_kernel_where_addresses_do_not_begin_at_zero(
    release: str, machine: int
) -> None:
    known = Description(release=release, machine=machine, bits=64, order="little")
    assert rules(known, end=0xFFFF_FFFF_8400_0000).percpu == 0xFFFF_FFFF_8400_0000
