"""A made kernel and modules, for a machine that has no kernel and cannot fetch one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.kernel import saved
from tests.kernel.emulated.modules import description, module

if TYPE_CHECKING:
    from pathlib import Path

RELEASE: Final = "6.1.0-made"


def make(root: Path) -> Path:
    """Put fat, vfat and dummy below ``root``; the saved description of a kernel that they fit."""
    folder = root / "lib/modules" / RELEASE / "kernel"
    folder.mkdir(parents=True)
    files = {
        "fat": module("fat", exports=["fat_build_inode"]),
        "vfat": module(
            "vfat", info=["depends=fat"], imports=["fat_build_inode"], versions={"fat_build_inode": 0x100}
        ),
        "dummy": module("dummy"),
    }
    for name, data in files.items():
        (folder / f"{name}.ko").write_bytes(data)
    (folder.parent / "modules.order").write_text("".join(f"kernel/{name}.ko\n" for name in files))
    (folder.parent / "modules.builtin").write_text("kernel/built_in.ko\n")
    (folder.parent / "modules.builtin.modinfo").write_bytes(b"built_in.license=GPL\0")
    path = root / "kernel.json"
    path.write_text(saved.dumps(description()))
    return path
