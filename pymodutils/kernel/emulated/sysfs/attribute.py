"""Files of sysfs; fs/sysfs/file.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.kernel.emulated.vfs import File

if TYPE_CHECKING:
    from collections.abc import Callable


def attribute(
    mode: int, show: Callable[[], bytes] | None = None, store: Callable[[bytes], None] | None = None
) -> File:
    """A file whose ``store`` is not called for a write of no bytes."""

    def write(data: bytes) -> None:
        if data and store:
            store(data)

    return File(mode, show, write if store else None)
