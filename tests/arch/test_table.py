"""docs/architectures.md is up to date and lists every architecture."""

from __future__ import annotations

from importlib import import_module

import pytest

from pymodutils.arch import MODULES
from tests.arch import table
from tests.arch.linkers import JUDGED


def test_the_page_is_up_to_date() -> None:
    assert table.PAGE.read_text() == table.page(), "run python -m tests.arch.table"


@pytest.mark.parametrize("name", sorted(set(MODULES.values())))
def test_every_architecture_is_judged(name: str) -> None:
    for arch in import_module(f"pymodutils.arch.{name}").ARCHS:
        assert any((one.arch.name, one.arch.bits) == (arch.name, arch.bits) for one in JUDGED)
        assert all(MODULES[machine] == name for machine in arch.machines)
