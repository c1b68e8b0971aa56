"""A directory of ten modules for tests of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.depends.trie import build

if TYPE_CHECKING:
    from pathlib import Path

RELEASE: Final = "1.0"
DEP: Final[dict[str, list[str]]] = {
    "loop": [],
    "dummy": [],
    "crc7": [],
    "fat": [],
    "vfat": ["fat"],
    "msdos": ["fat"],
    "mbcache": [],
    "jbd2": ["crc7"],
    "ext4": ["mbcache", "crc7", "jbd2"],
    "a_b": ["loop"],
}
ALIASES: Final = {
    "fs_ext4": "ext4",
    "fs_vfat": "vfat",
    "pci:v*d[0-3]?": "dummy",
    "pci:v1*": "loop",
    "dead": "gone",
}
BUILTINS: Final = ("unix", "rtc_cmos")


def make(root: Path) -> Path:
    """Write it below ``root``; the module directory."""
    modules = root / "lib/modules" / RELEASE
    (modules / "kernel").mkdir(parents=True)
    for name in DEP:  # kmod drops what a missing file needs
        (modules / "kernel" / f"{name}.ko").touch()
    entries = {
        "dep": [(name, _line(name)) for name in DEP],
        "alias": list(ALIASES.items()),
        "symbols": [("symbol:fat_scan", "fat")],
        "builtin": [(name, "") for name in BUILTINS],
        "builtin.alias": [("net_pf_1", "unix")],
    }
    for index, pairs in entries.items():
        data = build((key.encode(), value.encode(), at) for at, (key, value) in enumerate(pairs))
        (modules / f"modules.{index}.bin").write_bytes(data)
    (modules / "modules.softdep").write_text("softdep ext4 pre: fat\nsoftdep loop post: crc7\n")
    return modules


def _line(name: str) -> str:
    return " ".join([f"kernel/{name}.ko:", *(f"kernel/{need}.ko" for need in DEP[name])])
