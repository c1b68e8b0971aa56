"""Captures made without pymodutils: udev's database, alias tables, /proc/modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils import ModutilsError
from pymodutils.profile import recording
from pymodutils.profile.profile import Device, FileSystem, LoadedModule, Profile, merge

UDEV = """\
P: /devices/pci0000:00/0000:00:02.0
E: DEVPATH=/devices/pci0000:00/0000:00:02.0
E: DRIVER=i915
E: MODALIAS=pci:v00008086d00003E9B
E: SUBSYSTEM=pci

P: /devices/virtual/block/dm-0
N: dm-0
E: SUBSYSTEM=block
E: ID_FS_TYPE=ext4
"""
TABLE = """\
# a machine
# block devices carry: ext4 vfat
# drivers bound to devices without a modalias (bus/driver): pnp/i8042 aux pnp/rtc_cmos
acpi:PNP0501:\tserial\tpnp\t-
pci:v00008086\tnvme\tpci\tnvme
usb:v0000\t-\tusb
"""


def read(folder: Path, text: str) -> Profile:
    path = folder / "capture"
    path.write_text(text)
    return recording.read(str(path))


def test_what_udev_exports(tmp_path: Path) -> None:
    found = read(tmp_path, UDEV)
    assert found.devices == (Device("pci:v00008086d00003E9B", "i915", "pci"),)
    assert found.file_systems == (FileSystem("ext4", "on a device"),)


def test_a_table(tmp_path: Path) -> None:
    found = read(tmp_path, TABLE)
    assert found.devices == (
        Device("acpi:PNP0501:", "serial", "pnp", ""),
        Device("pci:v00008086", "nvme", "pci", "nvme"),
        Device("usb:v0000", "", "usb", None),
        Device("", "i8042 aux", "pnp"),
        Device("", "rtc_cmos", "pnp"),
    )
    assert [it.type for it in found.file_systems] == ["ext4", "vfat"]


def test_lists_of_modules_merge_with_it(tmp_path: Path) -> None:
    text = "# loaded\nvfat 20480 1 -\nfat 98304 1 vfat,\nzfs 1 0 - Live 0x0 (POE)\nbare\n"
    modules = read(tmp_path, text)
    assert modules.modules == (
        LoadedModule("vfat", 20480, 1),
        LoadedModule("fat", 98304, 1, ("vfat",)),
        LoadedModule("zfs", 1, 0, (), "POE"),
        LoadedModule("bare"),
    )
    both = merge([read(tmp_path, TABLE), modules])
    assert (len(both.devices), len(both.modules)) == (5, 4)


@pytest.mark.parametrize("text", ["", "# only\n", "a\tb\n", "what is this?\n"])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ModutilsError, match=r"no profile|no modalias"):
        read(tmp_path, text)
