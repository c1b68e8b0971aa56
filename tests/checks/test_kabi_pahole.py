"""Structures in the BTF of three kernels: size, members and bit-fields as pahole prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.checks.kabi_btf import BtfTypes
from pymodutils.kernel.emulated.load.btf import BtfKind
from pymodutils.kernel.sources import source
from tests.oracles import kernels, pahole
from tests.oracles.pahole import Layout

pytestmark = [pytest.mark.lane, pytest.mark.slow]


def layout(types: BtfTypes, number: int) -> Layout:
    members = tuple((it.name, it.offset, it.bits) for it in types.members(number) if it.name)
    return Layout(types.name(number), types.size(number), members)


@pytest.mark.parametrize("name", ["amd64", "trixie", "forky"])
def test_structures_are_those_of_pahole(name: str, tmp_path: Path) -> None:
    """By name: of several with one name pahole prints the first."""
    kernel = source.describe([str(kernels.kernel(name).image)])
    assert kernel.btf is not None
    path = tmp_path / "vmlinux.btf"
    path.write_bytes(kernel.btf)
    types = BtfTypes(kernel.btf, kernel.order or "", name)
    ours: dict[str, list[Layout]] = {}
    for number in range(1, len(types)):
        if types.kind(number) == BtfKind.STRUCT and types.name(number):
            ours.setdefault(types.name(number), []).append(layout(types, number))
    theirs = list(pahole.structures(path))
    assert {it.name for it in theirs} == set(ours)
    assert [it for it in theirs if it not in ours[it.name]] == []
