"""Relocating a module of each machine that Debian has kernels for, by the relocation, against x86-64's."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks import pairs
from benchmarks.rows import Row
from pymodutils import arch
from pymodutils.elf import compress
from pymodutils.elf.scan import Elf
from pymodutils.link.frob import frob
from pymodutils.link.image import Image
from pymodutils.link.layout import Config, layout
from pymodutils.link.object import SHT_REL, SHT_RELA, Object
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify, unheard
from tests.oracles.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pymodutils.arch.model import Arch

PAIRS, TARGET, MODULE, PORTION = 9, 1.5, "btrfs", 100_000  # relocations for which times are given
MACHINES: Final = {  # Debian's name -> e_machine
    "amd64": 62,
    "arm64": 183,
    "armhf": 40,
    "i386": 3,
    "s390x": 22,
    "ppc64el": 21,
    "mipsel": 8,
    "mips64el": 8,
    "riscv64": 243,
    "loong64": 258,
}
BASE, INIT, KERNEL = 0xBF00_0000, 0xBF80_0000, 0xC010_0000


class _Module(NamedTuple):
    """A module and the kernel that it is for."""

    data: bytes
    arch: Arch
    config: Config
    relocations: int


def rows(_: Path) -> Iterator[Row]:
    """btrfs.ko of each machine: what its loader does with relocations."""
    usual = _module("amd64")
    for name in list(MACHINES)[1:]:
        module = _module(name)
        runs = [(_run(module), _run(usual)) for _ in range(PAIRS)]
        yield Row(
            f"relocate {MODULE}.ko, {name}", "x86-64, as many relocations", pairs.ratio(runs), wall=TARGET
        )


def _module(name: str) -> _Module:
    debian = kernel(name)
    path = next(debian.modules.rglob(f"{MODULE}.ko*"))
    data = compress.read(str(path))
    elf = Elf(data)
    machine = arch.of(MACHINES[name], elf.bits, elf.order)
    sizes = {SHT_RELA: 3 * elf.bits // 8, SHT_REL: 2 * elf.bits // 8}
    count = sum(one.sh_size // sizes[one.sh_type] for one in elf.sections if one.sh_type in sizes)
    return _Module(data, machine, debian.layout(), count)


def _run(module: _Module) -> pairs.Run:
    """The time of what a loader does with relocations, for as many of them as PORTION; not of the layout."""
    read = Object(module.data, Elf(module.data).sections, module.arch)
    first = _timed(lambda: frob(read, module.config, "module"))
    changed = frob(read, module.config, "module")
    high = 0xFFFF_FFFF_0000_0000 if module.arch.bits == 64 else 0  # noqa: PLR2004
    image = Image(changed, layout(changed, module.config), (high | BASE, high | INIT))
    known: dict[str, int] = {}
    values = simplify(
        image, "module", lambda name: known.setdefault(name, (high | KERNEL) + 48 * len(known)), unheard
    )
    second = _timed(lambda: relocate(image, values, "module"))
    scale = PORTION / module.relocations
    return pairs.Run(scale * (first.wall + second.wall), scale * (first.cpu + second.cpu), 1)


def _timed(work: Callable[[], object]) -> pairs.Run:
    gc.collect()
    gc.disable()  # as the tools do
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    spent = pairs.Run(time.perf_counter() - wall, time.process_time() - cpu, 1)
    gc.enable()
    return spent
