"""Empty index files: none for built-in modules, else damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.depends.depmod.made import VERSION, module, place
from tests.oracles.modprobe import here, kmod


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """A database generated without modules.builtin."""
    tree = place(tmp_path, {"kernel/a.ko": module()})
    (tree.modules / "modules.builtin").unlink()
    (tree.modules / "modules.builtin.modinfo").unlink()
    assert here("-b", str(tmp_path), VERSION, tool="depmod").status == 0
    return tree.modules


@pytest.mark.parametrize("words", [("-D", "a"), ("-R", "a"), ("-D", "nothing")])
def test_modprobe_does_not_warn(words: tuple[str, ...], modules: Path, tmp_path: Path) -> None:
    assert (modules / "modules.builtin.bin").read_bytes() == b""
    assert (modules / "modules.builtin.alias.bin").read_bytes() == b""
    said = here("-d", str(tmp_path), "-S", VERSION, *words)
    assert "WARNING" not in said.err


@pytest.mark.usefixtures("modules")
def test_modinfo_does_not_warn(tmp_path: Path) -> None:
    assert here("-b", str(tmp_path), "-k", VERSION, "-n", "a", tool="modinfo").err == ""


@pytest.mark.parametrize("index", ["modules.dep.bin", "modules.alias.bin"])
def test_another_one_is_damaged(index: str, modules: Path, tmp_path: Path) -> None:
    (modules / index).write_bytes(b"")
    said = here("-d", str(tmp_path), "-S", VERSION, "-D", "nothing")
    assert f"modprobe: WARNING: {modules}/{index}: bad index: " in said.err


@pytest.mark.lane
def test_kmod_takes_ours(modules: Path, tmp_path: Path) -> None:
    said = kmod(34, "-d", str(tmp_path), "-S", VERSION, "-D", "a")
    assert (said.out, said.status) == (f"insmod {modules}/kernel/a.ko \n", 0)
