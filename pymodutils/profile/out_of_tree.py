"""Out-of-tree modules: DKMS builds, updates/, extra/, weak-updates/."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pymodutils import names
from pymodutils.depends.module_info import ModuleFile
from pymodutils.errors import ModutilsError
from pymodutils.profile.profile import OutOfTree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.profile.profile import LoadedModule
    from pymodutils.root import Root

FOLDERS: Final = ("updates", "extra", "extramodules", "weak-updates", "misc")  # of a module directory
DKMS: Final = "/var/lib/dkms"
TAINT: Final = "O"


def read(root: Root, folder: str, release: str, loaded: Sequence[LoadedModule]) -> tuple[OutOfTree, ...]:
    """The out-of-tree modules below ``folder``, the module directory of ``release``, and those by taint."""
    packages = built(root, release)
    found: dict[str, OutOfTree] = {}
    for path in files(folder):
        name = names.of_path(path)
        place = os.path.relpath(path, folder)
        found.setdefault(name, OutOfTree(name, _version(path), place, packages.get(name, "")))
    for name, package in packages.items():
        found.setdefault(name, OutOfTree(name, package.partition("/")[2], "", package))
    for module in loaded:
        if TAINT in module.taints:
            found.setdefault(module.name, OutOfTree(module.name, module.version))
    return tuple(found[name] for name in sorted(found))


def files(folder: str) -> Iterator[str]:
    """The module files in the FOLDERS of the module directory ``folder``, the first of each name first."""
    for top in FOLDERS:
        for place, folders, found in os.walk(f"{folder}/{top}"):
            folders.sort()
            yield from (f"{place}/{name}" for name in sorted(found) if names.is_module_file(name))


def built(root: Root, release: str) -> dict[str, str]:
    """The modules built by DKMS for ``release``, with NAME/VERSION of their packages."""
    found = {}
    for package, version in sources(root):
        top = root.path(f"{DKMS}/{package}/{version}/{release}")
        for place, _, files_ in os.walk(top):
            for name in files_:
                if names.is_module_file(name):
                    found[names.of_path(f"{place}/{name}")] = f"{package}/{version}"
    return found


def sources(root: Root) -> list[tuple[str, str]]:
    """Package and version of all DKMS sources."""
    top = root.path(DKMS)
    return [
        (package, version)
        for package in _folders(top)
        for version in _folders(f"{top}/{package}")
        if os.path.exists(f"{top}/{package}/{version}/source")
    ]


def _folders(path: str) -> list[str]:
    try:
        found = sorted(os.listdir(path))
    except OSError:
        return []
    return [
        name for name in found if os.path.isdir(f"{path}/{name}") and not os.path.islink(f"{path}/{name}")
    ]


def _version(path: str) -> str:
    try:
        with ModuleFile(path) as module:
            return next(iter(module.values("version")), "")
    except ModutilsError:
        return ""
