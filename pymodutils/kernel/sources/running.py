"""Describe the running kernel from /proc, /sys, and the files of its release."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from pymodutils.elf import compress
from pymodutils.errors import NotFound
from pymodutils.kernel.combine import combine
from pymodutils.kernel.description import Description
from pymodutils.kernel.sources import builtin, config, folder, image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.root import Root

BANNER: Final = re.compile(r"^Linux version (\S+) .*?(#\d.*)?$")
CONFIGS: Final = ("/proc/config.gz", "/boot/config-{}", "/lib/modules/{}/config")
IMAGES: Final = ("/boot/vmlinuz-{}", "/boot/vmlinux-{}", "/lib/modules/{}/vmlinuz")
FOLDERS: Final = ("/lib/modules/{}/build", "/lib/modules/{}")


def describe(root: Root) -> Description:
    """The running kernel below ``root``; raises NotFound without /proc/version."""
    path = root.path("/proc/version")
    match = BANNER.match(folder.read(path).decode("utf-8", "surrogateescape").strip())
    if match is None:
        raise NotFound(path, f"{path}: it does not start as Linux's does")
    shown = builtin.running(root)
    banner = Description(release=match[1], version=match[2], builtins=shown, sources=(path,))
    return combine([banner, *_files(root, match[1])])


def _files(root: Root, release: str) -> Iterator[Description]:
    """The descriptions from each kind of file of ``release``; unreadable ones are skipped."""
    for place in (root.path(name.format(release)) for name in IMAGES):
        if os.access(place, os.R_OK):
            yield image.describe(folder.read(place), place)
            break
    for place in (root.path(name.format(release)) for name in CONFIGS):
        if os.access(place, os.R_OK):
            text = compress.decompress(folder.read(place), place).decode("utf-8", "surrogateescape")
            yield config.describe(text, place, release)
            break
    for place in (root.path(name.format(release)) for name in FOLDERS):
        found = folder.gather(place, root)  # empty if there is no such directory
        if found:
            yield found.describe()
