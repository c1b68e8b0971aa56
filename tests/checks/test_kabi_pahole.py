"""Structures in the BTF of three kernels: size, members and bit-fields as pahole prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.checks.kabi_btf import BtfTypes
from pymodutils.kernel.emulated.load.btf import BtfKind
from tests.checks import kernel_btf
from tests.oracles import pahole
from tests.oracles.pahole import Layout

pytestmark = [pytest.mark.lane, pytest.mark.slow]


def layout(types: BtfTypes, number: int) -> Layout:
    members = tuple((it.name, it.offset, it.bits) for it in types.members(number) if it.name)
    return Layout(types.name(number), types.size(number), members)


@pytest.mark.parametrize("name", kernel_btf.NAMES)
def test_structures_are_those_of_pahole(name: str, tmp_path: Path) -> None:
    """By name; of several with the same name, pahole prints the first."""
    path = tmp_path / "vmlinux.btf"
    types = kernel_btf.types(name, path)
    ours: dict[str, list[Layout]] = {}
    for number in range(1, len(types)):
        if types.kind(number) == BtfKind.STRUCT and types.name(number):
            ours.setdefault(types.name(number), []).append(layout(types, number))
    theirs = list(pahole.structures(path))
    assert {it.name for it in theirs} == set(ours)
    assert [it for it in theirs if it not in ours[it.name]] == []
