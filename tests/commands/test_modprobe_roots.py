"""modprobe in small roots, compared with kmod's stored output."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracles.modprobe import need_namespaces
from tests.oracles.small import make
from tests.roots.cases import ROOTS, answered, ours, theirs

EACH = pytest.mark.parametrize("case", ROOTS, ids=lambda case: case.name)


@EACH
def test_our_answers(case: Path, tmp_path: Path) -> None:
    make(tmp_path)
    assert answered(case, tmp_path, ours) == (case / "cases").read_text()


@pytest.mark.lane
@EACH
def test_kmods_answers(case: Path, tmp_path: Path) -> None:
    need_namespaces()
    make(tmp_path)
    assert answered(case, tmp_path, theirs) == (case / "cases").read_text()
