"""Requests by name: modules-load.d, modprobe.d, file systems, ciphers, device mapper."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from pymodutils.depends import config_files
from pymodutils.depends.config import lines
from pymodutils.profile.private import hidden
from pymodutils.profile.profile import Cipher, FileSystem, ModprobeLine, Wish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.root import Root

MODULES_LOAD: Final = (
    "/etc/modules-load.d",
    "/run/modules-load.d",
    "/usr/local/lib/modules-load.d",
    "/usr/lib/modules-load.d",
)
MODULES: Final = "/etc/modules"
INITRAMFS: Final = "/etc/initramfs-tools/modules"
FSTAB: Final = "/etc/fstab"
MOUNTS: Final = ("/proc/self/mounts", "/proc/mounts")
NO_TYPES: Final = ("auto", "none", "swap", "ignore", "rootfs")
MAPPED: Final = re.compile(r"^[A-Za-z]+")


def wishes(root: Root) -> tuple[Wish, ...]:
    """The modules that files request at boot, or for the initramfs."""
    found: dict[str, str] = {}  # of equal names the first directory takes precedence, as in systemd
    for folder in MODULES_LOAD:
        for name in _listed(root, folder):
            if name.endswith(".conf"):
                found.setdefault(name, f"{folder}/{name}")
    files = [*(found[name] for name in sorted(found)), MODULES, INITRAMFS]
    rows = (Wish(name, path) for path in files for name in _names(root.text(path)))
    return tuple(dict.fromkeys(rows))


def _names(text: str) -> Iterator[str]:
    for line in text.splitlines():
        word = line.strip().partition(" ")[0]
        if word and word[0] not in "#;":
            yield word


def _listed(root: Root, folder: str) -> list[str]:
    try:
        return sorted(root.listdir(folder))
    except OSError:
        return []


def config(root: Root, host: str) -> tuple[ModprobeLine, ...]:
    """The lines of modprobe's configuration, without comments."""
    found = []
    for path in config_files.files(config_files.defaults(root), "/", lambda _: None):
        place = path.removeprefix(os.fspath(root.sysroot))
        if (
            os.path.dirname(place) != "/"
        ):  # modules.softdep of the directory belongs to the kernel, not the machine
            found += [
                ModprobeLine(f"{place}:{number}", hidden(text, host))
                for number, text in lines(root.text(place))
            ]
    return tuple(found)


def file_systems(root: Root) -> tuple[FileSystem, ...]:
    """The types of file systems that are mounted or in fstab."""
    nodev = {line.split()[1] for line in root.text("/proc/filesystems").splitlines() if line[:1] != "\t"}
    mounts = next(filter(None, (root.text(path) for path in MOUNTS)), "")
    rows = [*_types(root.text(FSTAB), FSTAB), *_types(mounts, "mounted")]
    return tuple(dict.fromkeys(row for row in rows if row.type not in nodev and row.type not in NO_TYPES))


def _types(text: str, place: str) -> Iterator[FileSystem]:
    for line in text.splitlines():
        words = line.split()
        if words[2:] and not words[0].startswith("#"):
            yield from (FileSystem(name.partition(".")[0], place) for name in words[2].split(","))


def ciphers(root: Root) -> tuple[Cipher, ...]:
    """The algorithms of /proc/crypto in use."""
    found = []
    for block in root.text("/proc/crypto").split("\n\n"):
        pairs = (line.partition(":")[::2] for line in block.splitlines())
        entry = {key.strip(): value.strip() for key, value in pairs}
        if int(entry.get("refcnt", "0")) > 1:
            module = entry.get("module", "")
            found.append(Cipher(entry["name"], entry["driver"], "" if module == "kernel" else module))
    return tuple(dict.fromkeys(found))


def mapper(root: Root) -> tuple[str, ...]:
    """The kinds of device-mapper devices, the first word of their UUIDs: CRYPT, LVM, mpath."""
    names = [name for name in _listed(root, "/sys/block") if name.startswith("dm-")]
    found = (MAPPED.match(root.text(f"/sys/block/{name}/dm/uuid")) for name in names)
    return tuple(sorted({match[0] for match in found if match}))
