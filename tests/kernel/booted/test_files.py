"""The files that a module needs, and its parameters as words for the kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.errors import BadModule
from pymodutils.kernel.booted import files
from tests.kernel.emulated.modules import module


def made(path: Path, *info: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(module(path.name.partition(".")[0], info=info))
    return path


def test_dependencies_lie_beside_the_module_or_in_the_tree(tmp_path: Path) -> None:
    image = tmp_path / "boot" / "vmlinuz-6.1.0"
    beside = made(tmp_path / "src" / "near.ko")
    far = made(tmp_path / "lib/modules/6.1.0/kernel/fs/far-off.ko")
    made(tmp_path / "lib/modules/6.1.0/kernel/near.ko")
    made(tmp_path / "lib/modules/6.2.0/kernel/other.ko")
    top = made(tmp_path / "src" / "top.ko", "depends=near,far_off")
    assert list(files.needed(str(top), str(image))) == [str(beside), str(far)]
    assert list(files.needed(str(beside), str(image))) == []
    lost = made(tmp_path / "src" / "lost.ko", "depends=other,near")
    with pytest.raises(BadModule, match="depends on other: load that first"):
        list(files.needed(str(lost), str(image)))
    assert list(files.needed(str(lost), str(image), partly=True)) == [str(beside)]


def test_an_image_in_its_module_directory(tmp_path: Path) -> None:
    """As in Fedora's lib/modules/RELEASE/vmlinuz."""
    far = made(tmp_path / "lib/modules/6.1.0/kernel/far.ko")
    top = made(tmp_path / "top.ko", "depends=far")
    assert list(files.needed(str(top), str(tmp_path / "lib/modules/6.1.0/vmlinuz"))) == [str(far)]


def test_a_name_is_declared_or_that_of_the_file(tmp_path: Path) -> None:
    path = made(tmp_path / "some.ko")
    assert files.name(str(path)) == "some"
    path.write_bytes(path.read_bytes().replace(b"name=some", b"nome=some"))
    assert files.name(str(path.rename(tmp_path / "an-other.ko"))) == "an_other"


def test_parameters_as_the_kernel_reads_them() -> None:
    """Documentation/admin-guide/kernel-parameters.rst: NAME=VALUE, values with spaces in quotes."""
    given = {"on": True, "off": False, "ports": [1, 2, 3], "mixed": (True, "a"), "name": "a b", "n": 0x10}
    assert files.parameters(given) == 'on=1 off=0 ports=1,2,3 mixed=1,a name="a b" n=16'
    assert files.parameters({}) == ""
