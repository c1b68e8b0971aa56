"""Devices for profiles."""

from __future__ import annotations

from pymodutils.profile.profile import (
    Device,
)


def bound(number: int, module: str | None, driver: str = "") -> Device:
    return Device(f"pci:v{number}d0", driver or module or "", "pci", module)
