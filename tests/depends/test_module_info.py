"""ModuleInfo; compared with kmod in tests/commands/test_modinfo.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.depends.module_info import ModuleFile
from pymodutils.errors import NotFound
from tests.elf import made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "my-module.ko"
    path.write_bytes(made.modinfo(b"license=GPL"))
    return path


def test_nothing_is_read_before_it_is_asked_for(path: Path) -> None:
    about = ModuleFile(str(path))
    path.unlink()
    assert (about.name, about.path, about.is_builtin) == ("my_module", str(path), False)
    with pytest.raises(NotFound):
        about.values("license")


def test_a_closed_one_keeps_nothing(path: Path) -> None:
    with ModuleFile(str(path)) as about:
        assert about.values("license") == ["GPL"]
    path.unlink()
    with pytest.raises(NotFound):
        about.values("license")


def test_a_file_is_opened_once(path: Path) -> None:
    with ModuleFile(str(path)) as about:
        assert about.build_id() == b""
        path.unlink()
        assert about.signature() is None
        assert about.entries == [("license", "GPL")]
