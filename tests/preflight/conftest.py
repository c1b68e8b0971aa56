"""Fixtures of the preflight tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.preflight.made import NEW, OLD, Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "root")
    made.both("nic", "alias=pci:v1d*", "parmtype=debug:int", "parm=debug:x")
    made.add(OLD, "card", "alias=pci:v2d*")
    made.add(OLD, "store", "alias=pci:v3d*")
    made.add(NEW, "store_new", "alias=pci:v3d*")
    made.both("rival", "alias=pci:v4d*")
    made.add(OLD, "first", "alias=pci:v4d*")
    made.both("loop", "alias=pci:v5d*")
    made.add(OLD, "oldfs", "alias=fs-oldfs", folder="kernel/fs")
    made.add(OLD, "cipher", folder="kernel/crypto")
    made.add(OLD, "soon", "alias=pci:v6d*")
    made.text(NEW, "modules.builtin", "kernel/drivers/soon.ko\n")
    made.text(NEW, "modules.builtin.modinfo", "hidden.license=GPL\0soon.license=GPL\0")
    made.add(OLD, "hidden")
    made.depmod()
    return made
