"""Every byte of the database and every message, compared with kmod's stored answers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.depends.depmod import golden
from tests.depends.depmod.cases import CASES
from tests.depends.depmod.compare import KMODS, Outcome, in_process

kept = cache(golden.kept)


@pytest.mark.parametrize("version", KMODS)
@pytest.mark.parametrize("case", CASES)
def test_the_same_as_kmod(case: str, version: str, tmp_path: Path) -> None:
    tree, words = CASES[case].lay(tmp_path)
    mine = golden.relative(in_process(version, tree, words), tmp_path)
    theirs: Outcome = kept()[case][version]
    assert mine[1:] == theirs[1:]
    assert sorted(mine.files) == sorted(theirs.files)
    assert [name for name in mine.files if mine.files[name] != theirs.files[name]] == []


@pytest.mark.lane
@pytest.mark.parametrize("case", CASES)
def test_kmod_still_says_so(case: str, tmp_path: Path) -> None:
    for version in KMODS:
        assert golden.asked(case, version, tmp_path / version) == kept()[case][version]
