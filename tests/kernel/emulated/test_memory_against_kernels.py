"""Section addresses in the memory map, compared with real kernels and readelf."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pymodutils.elf import compress
from pymodutils.kernel.emulated import memory_map
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.memory_map import ModuleMemory, RangeKind
from pymodutils.kernel.sources import source
from pymodutils.names import of_path
from pymodutils.root import Root
from tests.lanes import qemu
from tests.link.modules import in_order, trixie
from tests.oracles import trees

pytestmark = [pytest.mark.slow, pytest.mark.lane]
SECTION = re.compile(r"\s*\[ *\d+\] (\S+) +[A-Z_]+ +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) ")
CLOUD = "dummy fat vfat btrfs nf_tables tun loop overlay fuse squashfs bonding dm_mod vxlan sctp kvm_intel"
TRIXIE = "dummy fat vfat nf_tables tun loop overlay isofs bonding vxlan nbd wireguard"


def maps(image: Path, files: Sequence[Path]) -> dict[str, ModuleMemory]:
    """The memory of ``files`` in an emulated kernel like ``image``."""
    booted = EmulatedKernel.boot(source.describe([str(image)], Root()))
    for file in files:
        booted.insert(str(file), "")
    return {name: booted.look(partial(memory_map.of, name=name)) for name in map(of_path, map(str, files))}


def sizes(file: Path, folder: Path) -> dict[str, int]:
    """The bytes of the sections of ``file``, by readelf."""
    plain = folder / "module.ko"
    plain.write_bytes(compress.read(str(file)))
    words = ["readelf", "-SW", str(plain)]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return {match[1]: int(match[2], 16) for match in map(SECTION.match, told.splitlines()) if match}


def judge(ours: ModuleMemory, theirs: dict[str, Any], told: dict[str, int]) -> None:
    """Assert that all places and sizes are those of the real kernel."""
    seen: set[str] = set()
    for area in ours.areas:
        places = {part.name: part for part in area.parts if part.size and part.name in theirs["sections"]}
        bases = {theirs["sections"][name] - part.offset for name, part in places.items()}
        assert len(bases) == 1, (ours.name, area.name)
        assert {name: part.size for name, part in places.items()} == {name: told[name] for name in places}
        seen |= places.keys()
    assert seen == theirs["sections"].keys()
    kept = [area for area in ours.areas if not area.discarded]
    assert sum(area.taken for area in kept) == theirs["coresize"]
    assert theirs["initsize"] == 0
    assert ours.total(RangeKind.KALLSYMS) == theirs["kallsyms"]
    assert ours.total(RangeKind.STUBS) == 0


def test_cloud_kernel_in_qemu(tmp_path: Path) -> None:
    files = in_order("cloud", CLOUD.split())
    image = next((trees.tree("cloud").root / "boot").glob("vmlinuz-*"))
    ours = maps(image, files)
    theirs = qemu.run("tests.lanes.guest.memory:shown", [str(file) for file in files], files=files)
    for file in files:
        name = of_path(str(file))
        judge(ours[name], theirs[name], sizes(file, tmp_path))
    assert len(files) >= 25


def test_seven_areas_of_a_later_kernel(tmp_path: Path) -> None:
    files = in_order("trixie", TRIXIE.split())
    image = next((trixie() / "boot").glob("vmlinuz-*"))
    ours = maps(image, files)
    theirs = qemu.run(
        "tests.lanes.guest.memory:shown",
        [str(file) for file in files],
        files=files,
        image=image,
        cpu=qemu.LATER_CPU,
    )
    for file in files:
        name = of_path(str(file))
        judge(ours[name], theirs[name], sizes(file, tmp_path))
    assert len(files) >= 18


def test_only_machines_that_make_stubs_in_front_have_some() -> None:
    """On s390, GOT and PLT of a module precede its first section."""
    tree = trees.tree("s390x")
    image = next((tree.root / "boot").glob("vmlinu?-*"))
    found = maps(image, in_order("s390x", ["dummy", "vfat"]))
    for one in found.values():
        [stubs] = [part for area in one.areas for part in area.parts if part.kind is RangeKind.STUBS]
        assert stubs.offset == 0
