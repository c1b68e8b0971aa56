"""modules.builtin.modinfo; compared with kmod in tests/commands/test_modinfo.py."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pymodutils.depends.builtin import MODINFO, modinfo
from pymodutils.errors import ModutilsError


def said(tmp_path: Path, content: bytes, name: str) -> list[tuple[str, str]]:
    (tmp_path / "modules.builtin.modinfo").write_bytes(content)
    return modinfo(str(tmp_path / MODINFO), name)


def test_the_entries_of_one_module(tmp_path: Path) -> None:
    content = b"a.license=GPL\0b.x=1=2\0b.y.z=\0b.flag\0c.x=3\0"
    assert said(tmp_path, content, "b") == [("x", "1=2"), ("y.z", ""), ("flag", "")]


def test_the_first_unbroken_run_counts(tmp_path: Path) -> None:
    assert said(tmp_path, b"a.x=1\0b.x=2\0a.x=3\0", "a") == [("x", "1")]


def test_a_name_that_others_begin_with(tmp_path: Path) -> None:
    assert said(tmp_path, b"ab.x=1\0a.x=2\0", "a") == [("x", "2")]


def test_bytes_survive(tmp_path: Path) -> None:
    ((_, author),) = said(tmp_path, b"a.author=J\xf6rg", "a")
    assert author.encode("utf-8", "surrogateescape") == b"J\xf6rg"


@pytest.mark.parametrize("content", [b"", b"b.x=1\0"])
def test_a_module_that_is_not_described_says_nothing(tmp_path: Path, content: bytes) -> None:
    assert said(tmp_path, content, "a") == []


def test_a_missing_file_says_nothing(tmp_path: Path) -> None:
    assert modinfo(str(tmp_path / MODINFO), "a") == []


@pytest.mark.parametrize("content", [b"nodot\0a.x=1\0", b"\0\0a.x=1\0", b"x=1.2\0a.x=1\0", b"a.x=1\0nodot"])
def test_a_string_without_a_module_is_an_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModutilsError, match="no module name before") as caught:
        said(tmp_path, content, "a")
    assert caught.value.errno == errno.EINVAL


def test_what_stands_behind_the_run_does_not_matter(tmp_path: Path) -> None:
    assert said(tmp_path, b"a.x=1\0b.x=1\0nodot\0", "a") == [("x", "1")]


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "modules.builtin.modinfo").mkdir()
    with pytest.raises(ModutilsError) as caught:
        modinfo(str(tmp_path / MODINFO), "a")
    assert caught.value.errno == errno.EISDIR
