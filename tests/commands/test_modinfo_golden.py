"""modinfo compared with kmod's stored answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import modinfo_golden
from tests.commands.modinfo import mine, theirs


def test_the_same_as_kmod(tmp_path: Path) -> None:
    ours, kmods = modinfo_golden.answers(tmp_path, lambda words: mine(*words)), modinfo_golden.kept()
    assert [asked for asked in kmods if ours[asked] != kmods[asked]] == []
    assert ours.keys() == kmods.keys()


@pytest.mark.lane
def test_kmod_still_says_so(tmp_path: Path) -> None:
    answers = modinfo_golden.answers(tmp_path, lambda words: theirs(modinfo_golden.RELEASE, *words))
    assert answers == modinfo_golden.kept()
