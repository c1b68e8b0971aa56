"""The kernel's log levels; include/linux/kern_levels.h."""

from __future__ import annotations

from typing import Final

ERR: Final = 3
WARNING: Final = 4
NOTICE: Final = 5
INFO: Final = 6
