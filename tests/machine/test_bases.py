"""The cache of booted kernels keeps those used last."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pymodutils.machine import bases


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for age, name in enumerate(("new", "middle", "old")):
        base = tmp_path / "pymodutils/machine" / name
        base.mkdir(parents=True)
        (base / "ram").write_bytes(b"x" * 8192)
        (base / "about").write_text(f"image of {name}\n")
        os.utime(base, (1e9 - age, 1e9 - age))
    return tmp_path / "pymodutils/machine"


def names() -> list[str]:
    return [base.name for base in bases.bases()]


def test_they_are_listed_by_use(folder: Path) -> None:
    assert names() == ["new", "middle", "old"]
    bases.used("old")
    assert [base.about for base in bases.bases()] == ["image of old", "image of new", "image of middle"]
    assert all(base.size >= 8192 for base in bases.bases())
    assert sorted(os.listdir(folder)) == ["middle", "new", "old"]


def test_the_longest_unused_go_first(folder: Path) -> None:
    size = bases.bases()[0].size
    assert [base.name for base in bases.prune(2 * size)] == ["old"]
    assert names() == ["new", "middle"]
    assert [base.name for base in bases.prune(0, keep="middle")] == ["new"]
    assert os.listdir(folder) == ["middle"]


def test_what_a_killed_process_left_is_swept(folder: Path) -> None:
    (folder / "x.1.partial").mkdir()
    (folder / "y.2.partial").mkdir()
    os.utime(folder / "x.1.partial", (1e9, 1e9))
    bases.prune(1 << 30)
    assert sorted(os.listdir(folder)) == ["middle", "new", "old", "y.2.partial"]


def test_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "absent"))
    assert bases.bases() == bases.prune(0) == []
    monkeypatch.setenv(bases.VARIABLE, "7")
    assert bases.limit() == 7 << 20
