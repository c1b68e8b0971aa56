"""Plans, configuration and messages of modprobe, compared with kmod's stored answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.depends import modprobe_golden
from tests.oracles.modprobe import need_namespaces


def test_the_same_as_kmod(tmp_path: Path) -> None:
    mine, theirs = modprobe_golden.answers(tmp_path, modprobe_golden.ours), modprobe_golden.kept()
    assert [it for it in theirs if mine[it] != theirs[it]] == []
    assert mine.keys() == theirs.keys()


@pytest.mark.lane
def test_kmod_still_says_so(tmp_path: Path) -> None:
    need_namespaces()
    assert modprobe_golden.answers(tmp_path, modprobe_golden.kmods) == modprobe_golden.kept()
