"""Find a missing module elsewhere: in other kernels of the check, in package contents."""

from __future__ import annotations

import glob
import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

from pymodutils.elf import compress
from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.preflight.system import System
    from pymodutils.root import Root

LISTS: Final = "/var/lib/apt/lists/*Contents-*"
LINE: Final = r"^(?:\./)?(?:usr/)?lib/modules/([^/\s]+)/\S*/{}\.ko(?:\.\w+)?\s+(\S+)$"
MOST: Final = 1 << 30  # bytes of one list


class Elsewhere:
    """The kernels of a check, and indexes like Debian's Contents: a path and its packages per line."""

    def __init__(self, systems: Sequence[System], files: Sequence[str], root: Root) -> None:
        self.systems, self.files, self.root = systems, files, root

    def find(self, name: str, lacking: System) -> str:
        """Advice naming a package or kernel with the module ``name``; empty if there is none."""
        spelled = re.escape(name).replace("_", "[_-]")
        rows = [row for text in self._texts for row in re.findall(LINE.format(spelled), text, re.MULTILINE)]
        packages = [(release, package.rpartition("/")[2]) for release, package in rows]
        own = [package for release, package in packages if release == lacking.release]
        if own:
            return f"install {own[0]}, which contains it for {lacking.release}"
        if packages:
            return f"{packages[0][1]} contains it for {packages[0][0]}"
        others = [it.label for it in self.systems if it is not lacking and it.path(name)]
        flavours = [label for label in others if label.split("-")[0] == lacking.label.split("-")[0]]
        return f"{flavours[0]} has it: boot that kernel instead" if flavours else ""

    @cached_property
    def _texts(self) -> list[str]:
        paths = [*self.files, *sorted(glob.glob(glob.escape(self.root.path("")) + LISTS))]
        found = []
        for path in paths:
            try:
                found.append(compress.read(path).decode("utf-8", "replace"))
            except ModutilsError:
                if path in self.files:
                    raise
        return found
