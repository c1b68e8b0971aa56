"""Small profiles for Debian's kernels."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from pymodutils import Root
from pymodutils.depends.module_info import ModuleFile
from pymodutils.preflight.preflight import PreflightRequest, preflight
from pymodutils.preflight.result import Preflight
from pymodutils.preflight.system import System
from pymodutils.profile.profile import Device, LoadedModule, Profile
from tests.oracles import upgrade

Told = dict[str, set[tuple[str, str]]]  # severity and rule by title


@cache
def aliases(kernel: str, module: str) -> tuple[str, ...]:
    """Device aliases that the kernel's module matches."""
    root, releases = upgrade.installed()
    spelled = (module, module.replace("_", "-"))
    files = (root / "lib/modules" / releases[kernel]).rglob("*.ko*")
    path = next(path for path in files if path.name.partition(".")[0] in spelled)
    with ModuleFile(str(path)) as info:
        return tuple(value.replace("*", "0") for value in info.values("alias") if ":" in value)


def device(kernel: str, module: str, driver: str = "") -> Device:
    """A device that ``module`` drives under ``kernel``."""
    alias = next(iter(aliases(kernel, module)), "")
    return Device(alias, driver or module, alias.partition(":")[0], module)


def loaded(*names: str) -> tuple[LoadedModule, ...]:
    return tuple(LoadedModule(name, 4096, 0) for name in names)


def run(old: str, new: str, profile: Profile, **more: Any) -> Preflight:
    """The preflight of ``profile`` from one of upgrade.KERNELS to another, without the boots."""
    root, releases = upgrade.installed()
    request = PreflightRequest(profile, "made", [releases[new]], releases[old], boots=False)
    return preflight(request._replace(**more), Root(root))


def told(found: Preflight) -> Told:
    """The findings other than firmware; unchanged needs are omitted."""
    rows: Told = {}
    for verdict in found.report.verdicts:
        for it in verdict.findings:
            if it.rule != "firmware":
                rows.setdefault(verdict.title, set()).add((it.severity.value, it.rule.value))
    return rows


def messages(found: Preflight) -> str:
    """Every message and advice."""
    return "\n".join(
        f"{verdict.title}: {it.message}: {it.advice}"
        for verdict in found.report.verdicts
        for it in verdict.findings
    )


def profiles(folder: Path) -> list[Path]:
    """The recordings in ``folder``, none if it is absent."""
    return sorted(folder.glob("*.txt"))


__all__ = ["System", "aliases", "device", "loaded", "messages", "profiles", "run", "told"]
