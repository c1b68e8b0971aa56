"""In a guest: /sys/module while no module is loaded."""

from __future__ import annotations

import os


def shown() -> list[str]:
    """The names of the directories, sorted."""
    with open("/proc/modules", encoding="ascii") as file:
        loaded = {line.split(" ")[0] for line in file}
    return sorted(set(os.listdir("/sys/module")) - loaded)
