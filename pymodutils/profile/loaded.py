"""The loaded modules: sizes, users, parameters, and the reason for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.depends.directory import ModuleDirectory
from pymodutils.depends.resolve import Resolver
from pymodutils.errors import ModutilsError
from pymodutils.kernel import procfs
from pymodutils.profile.private import hidden
from pymodutils.profile.profile import LoadedModule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.depends.config import Config
    from pymodutils.profile.profile import Profile
    from pymodutils.root import Root


def read(root: Root, host: str) -> tuple[LoadedModule, ...]:
    """Every loaded module, newest first; raises ModutilsError if /proc/modules cannot be read."""
    return tuple(
        LoadedModule(
            it.name,
            it.size,
            it.users,
            it.holders,
            it.taints,
            hidden(_word(root, f"/sys/module/{it.name}/version"), host),
            tuple(_parameters(root, it.name, host)),
        )
        for it in procfs.loaded(root)
    )


def _parameters(root: Root, name: str, host: str) -> Iterator[tuple[str, str]]:
    folder = f"/sys/module/{name}/parameters"
    try:
        names = sorted(root.listdir(folder))
    except (OSError, ModutilsError):
        return
    for each in names:
        value = _word(root, f"{folder}/{each}")
        if value:
            yield each, hidden(value, host)


def _word(root: Root, path: str) -> str:
    try:
        return root.read(path).decode("utf-8", "replace").strip()
    except (OSError, ModutilsError):
        return ""


def asked(profile: Profile, config: Config, folder: str) -> tuple[LoadedModule, ...]:
    """The modules of ``profile`` with the reasons for loading them, by the module directory ``folder``."""
    resolver = Resolver(config, ModuleDirectory(folder))
    reasons: dict[str, list[str]] = {}
    for device in profile.devices:
        if device.module:
            reasons.setdefault(device.module, []).append(f"driver {device.driver} of {device.bus}")
        for found in resolver.lookup(device.modalias) if device.modalias else ():
            reasons.setdefault(found.name, []).append(f"alias {device.modalias[:60]}")
    for wish in profile.wishes:
        reasons.setdefault(wish.name.replace("-", "_"), []).append(f"file {wish.place}")
    for system in profile.file_systems:
        for found in resolver.lookup(f"fs-{system.type}"):
            reasons.setdefault(found.name, []).append(f"file system {system.type}")
    return tuple(
        module._replace(
            asked=tuple(
                dict.fromkeys([*reasons.get(module.name, ()), *(f"module {it}" for it in module.holders)])
            )
        )
        for module in profile.modules
    )
