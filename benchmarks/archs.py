"""Linking a module of each machine that Debian has kernels for, against GNU ld linking the same module."""

from __future__ import annotations

import gc
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks import pairs
from benchmarks.rows import Row
from pymodutils import arch
from pymodutils.elf import compress
from pymodutils.elf.scan import Elf
from pymodutils.link.frob import frob
from pymodutils.link.image import Image
from pymodutils.link.layout import Config, layout
from pymodutils.link.object import Object
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify, unheard
from tests.link.modules import Linked, placings
from tests.oracles import ld
from tests.oracles.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.arch.model import Arch

PAIRS, BATCH, TARGET, MODULE = 9, 5, 4, "btrfs"  # BATCH: user time is counted in ticks, so many runs are one
MACHINES: Final = {  # Debian's name -> e_machine, and the emulation of ld
    "amd64": (62, "elf_x86_64"),
    "arm64": (183, "aarch64linux"),
    "armhf": (40, "armelf_linux_eabi"),
    "i386": (3, "elf_i386"),
    "s390x": (22, "elf64_s390"),
    "ppc64el": (21, "elf64lppc"),
    "mipsel": (8, "elf32ltsmip"),
    "mips64el": (8, "elf64ltsmip"),
    "riscv64": (243, "elf64lriscv"),
    "loong64": (258, "elf64loongarch"),
}
HIGH, BASE, INIT, KERNEL = 0xFFFF_FFFF_0000_0000, 0xBF00_0000, 0xBF80_0000, 0xC010_0000


class _Module(NamedTuple):
    """A module and the kernel that it is for."""

    data: bytes
    arch: Arch
    config: Config


def rows(_: Path) -> Iterator[Row]:
    """btrfs.ko of each machine: the whole link, CPU against ld's user time."""
    for name, (e_machine, emulation) in MACHINES.items():
        module = _module(name, e_machine)
        with tempfile.TemporaryDirectory() as folder:
            made = _linked(module)
            theirs = ld.command(Path(folder), module.data, placings(made), made.imports, emulation)
            runs = [(_ours(module), _ld(theirs)) for _ in range(PAIRS)]
        yield Row(f"link {MODULE}.ko, {name}", "GNU ld, CPU: its user time", pairs.ratio(runs), cpu=TARGET)


def _module(name: str, e_machine: int) -> _Module:
    debian = kernel(name)
    path = next(debian.modules.rglob(f"{MODULE}.ko*"))
    data = compress.read(str(path))
    elf = Elf(data)
    return _Module(data, arch.of(e_machine, elf.bits, elf.order), debian.layout())


def _linked(module: _Module) -> Linked:
    """Read, counted, laid out, resolved and relocated."""
    read = Object(module.data, Elf(module.data).sections, module.arch)
    changed = frob(read, module.config, "module")
    high = HIGH if module.arch.bits == 64 else 0  # noqa: PLR2004
    image = Image(changed, layout(changed, module.config), (high | BASE, high | INIT))
    known: dict[str, int] = {}
    values = simplify(
        image, "module", lambda name: known.setdefault(name, (high | KERNEL) + 48 * len(known)), unheard
    )
    relocate(image, values, "module")
    return Linked(image, values, known)


def _ours(module: _Module) -> pairs.Run:
    gc.collect()
    gc.disable()  # as the tools do
    wall, cpu = time.perf_counter(), time.process_time()
    _linked(module)
    spent = pairs.Run(time.perf_counter() - wall, time.process_time() - cpu, 0)
    gc.enable()
    return spent


def _ld(command: list[str]) -> pairs.Run:
    """The mean of BATCH links by GNU ld: wall and user time."""
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(BATCH):
        subprocess.run(command, check=True, capture_output=True)
    user = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before.ru_utime
    return pairs.Run((time.perf_counter() - wall) / BATCH, user / BATCH, 0)
