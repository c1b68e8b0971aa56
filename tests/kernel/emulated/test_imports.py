"""Hundreds of imports, resolved at once, in the order of the symbol table."""

from __future__ import annotations

from errno import ENOENT

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.load.find_symbol import findable
from tests.kernel.emulated.modules import kernel, module

MANY = [f"given_{number:03}" for number in range(150)]


def unknown(booted: EmulatedKernel, data: bytes) -> list[str]:
    """The symbols that the kernel reports as unknown."""
    before = booted.log()[-1].number
    with pytest.raises(Refused) as caught:
        booted.init_module(data)
    assert caught.value.errno == ENOENT
    words = [line.text.split() for line in booted.log(before)]
    return [said[3] for said in words if said[:3] == ["user:", "Unknown", "symbol"]]


def test_each_missing_one_is_named_in_order() -> None:
    booted = kernel(MODVERSIONS=False)
    booted.init_module(module("giver", exports=MANY[::3]))
    missing = [name for name in MANY if name not in MANY[::3]]
    assert unknown(booted, module("user", imports=["_printk", *MANY, "in_the_end"])) == [
        *missing,
        "in_the_end",
    ]


def test_exports_of_modules_come_and_go() -> None:
    booted = kernel(MODVERSIONS=False)
    user = module("user", imports=["_printk", *MANY, "gpl_only"])
    assert unknown(booted, user) == MANY
    booted.init_module(module("giver", exports=MANY))
    booted.init_module(user)
    assert booted.read("/proc/modules").splitlines()[1].split()[3] == b"user,"
    booted.delete("user")
    booted.delete("giver")
    assert unknown(booted, user) == MANY


def test_what_the_kernel_has_for_gpl_stays_so() -> None:
    booted = kernel(MODVERSIONS=False)
    booted.init_module(module("free", imports=["gpl_only"]))
    assert unknown(booted, module("user", imports=["gpl_only"], licence="Proprietary")) == ["gpl_only"]


def test_the_search_in_a_table_that_is_not_sorted_misses_some() -> None:
    booted = kernel(MODVERSIONS=False)
    booted.init_module(module("giver", exports=["m", "z", "a"]))
    assert unknown(booted, module("user", imports=["m", "z", "a"])) == ["a"]
    booted.init_module(module("other", exports=["a"]))
    booted.init_module(module("user", imports=["m", "z", "a"]))


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], []),
        ([b"a", b"b", b"c", b"d"], [0, 1, 2, 3]),
        ([b"d", b"c", b"b", b"a"], [2]),
        ([b"a", b"a", b"a"], [1]),
        ([b"b", b"a", b"c", b"e", b"d"], [1, 2, 4]),
    ],
)
def test_what_the_search_finds(names: list[bytes], found: list[int]) -> None:
    assert findable(names) == found
