"""A machine of 400 devices and 150 modules under another kernel, beside kmod's depmod of both kernels."""

from __future__ import annotations

import tempfile
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.pairs import Run, measure, ratio
from benchmarks.rows import Row
from pymodutils.profile.document import dumps
from pymodutils.profile.profile import Device, LoadedModule, Profile
from tests.oracles import upgrade
from tests.oracles.kmod import kmod30

if TYPE_CHECKING:
    from collections.abc import Iterator

KERNELS: Final = ("6.1", "6.12")
ALIASES, MODULES = 400, 150
BUSES: Final = ("pci:", "usb:", "acpi", "hid:", "i2c:", "hdaudio:")
PAIRS: Final = 3
COLD, CACHED = 10, 3  # seconds that are aimed at


def rows(programs: Path) -> Iterator[Row]:
    """Measure it cold, and with cached descriptions and boots."""
    root, releases = upgrade.installed()
    old, new = (releases[name] for name in KERNELS)
    with tempfile.TemporaryDirectory() as name:
        profile = Path(name, "machine.json")
        profile.write_text(dumps(machine(root / "lib/modules" / old, old)))
        words = [str(programs / "pymodutils"), "preflight", "--fail-on", "never", "--profile", str(profile)]
        words += ["--sysroot", str(root), "--from", old, "--kernel", new]
        theirs = [_depmods(root, old, new) for _ in range(PAIRS)]
        for how, target, more in (("cold", COLD, ["--no-cache"]), ("cached", CACHED, [])):
            environment = {"XDG_CACHE_HOME": f"{name}/cache"}
            measure([*words, *more], environment)
            ours = [measure([*words, *more], environment) for _ in range(PAIRS)]
            measured = ratio(list(zip(ours, theirs, strict=True)))
            work = f"preflight: {ALIASES} aliases, {MODULES} modules, 2 kernels, {how}"
            yield Row(work, "kmod 30: depmod of both", measured, wall=round(target / theirs[0].wall, 2))


def machine(tree: Path, release: str) -> Profile:
    """Devices of modules of ``tree``, chosen at equal distances, one for each of a module's first aliases."""
    lines = sorted(line.split()[1:] for line in (tree / "modules.alias").read_text().splitlines()[1:])
    buses = sorted((module, alias) for alias, module in lines if alias.startswith(BUSES))
    every = [[alias for _, alias in rows] for _, rows in groupby(buses, lambda it: it[0])]
    names = list(dict.fromkeys(module for module, _ in buses))
    step = len(names) / MODULES
    chosen = [int(at * step) for at in range(MODULES)]
    deep = sorted((depth, at, alias) for at in chosen for depth, alias in enumerate(every[at]))[:ALIASES]
    devices = tuple(
        Device(alias.replace("*", "0"), names[at], alias.partition(":")[0], names[at])
        for _, at, alias in deep
    )
    return Profile(
        release=release, devices=devices, modules=tuple(LoadedModule(names[at], 4096, 0) for at in chosen)
    )


def _depmods(root: Path, *releases: str) -> Run:
    runs = [measure([*kmod30("depmod"), "-n", "-b", str(root), release]) for release in releases]
    return Run(sum(it.wall for it in runs), sum(it.cpu for it in runs), max(it.peak for it in runs))
