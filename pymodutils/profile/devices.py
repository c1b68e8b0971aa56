"""The devices of /sys/devices: modalias and bound driver."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pymodutils.profile.profile import Device
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.root import Root


def read(root: Root) -> tuple[Device, ...]:
    """Every device with a modalias or a driver, in tree order, without duplicates."""
    return tuple(dict.fromkeys(_walked(root)))


def _walked(root: Root) -> Iterator[Device]:
    for folder, names, files in os.walk(root.path("/sys/devices")):
        names.sort()
        driver = _link(f"{folder}/driver") if "driver" in names else ""
        alias = _alias(f"{folder}/modalias") if "modalias" in files else ""
        if driver or alias:
            module = _link(f"{folder}/driver/module") if driver else None
            yield Device(alias, driver, _link(f"{folder}/subsystem"), module)


def _link(path: str) -> str:
    """The last component of the target of the link ``path``; empty if it is no link."""
    try:
        return os.path.basename(os.readlink(path))
    except OSError:
        return ""


def _alias(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", opener=opener) as file:
            return file.read().strip()
    except OSError:
        return ""
