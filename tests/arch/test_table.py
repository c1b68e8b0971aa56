"""The page about architectures is what the tests are, and they are about all of them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from pymodutils.arch import MODULES
from tests.arch import table
from tests.arch.linkers import JUDGED

PAGE = Path(__file__).resolve().parents[2] / "docs/architectures.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == table.page(), "python -m tests.arch.table > docs/architectures.md"


@pytest.mark.parametrize("name", sorted(set(MODULES.values())))
def test_every_architecture_is_judged(name: str) -> None:
    for arch in import_module(f"pymodutils.arch.{name}").ARCHS:
        assert any(one.arch is arch for one in JUDGED)
        assert all(MODULES[machine] == name for machine in arch.machines)
