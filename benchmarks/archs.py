"""Link a module of each machine of Debian's kernels, compared with GNU ld."""

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
from pymodutils.link.layout import LayoutConfig, layout
from pymodutils.link.object import Object
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify, unheard
from tests.link.modules import Linked, placings
from tests.oracles import ld
from tests.oracles.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.arch.model import Arch

PAIRS, BATCH, TARGET, MODULE = 7, 5, 4, "btrfs"


class Machine(NamedTuple):
    """The identifiers of a machine for our linker and GNU ld."""

    e_machine: int
    emulation: str


MACHINES: Final = {  # by Debian's name
    "amd64": Machine(62, "elf_x86_64"),
    "arm64": Machine(183, "aarch64linux"),
    "armhf": Machine(40, "armelf_linux_eabi"),
    "i386": Machine(3, "elf_i386"),
    "s390x": Machine(22, ld.S390),
    "ppc64el": Machine(21, "elf64lppc"),
    "mipsel": Machine(8, "elf32ltsmip"),
    "mips64el": Machine(8, "elf64ltsmip"),
    "riscv64": Machine(243, "elf64lriscv"),
    "loong64": Machine(258, ld.LARCH),
}
HIGH, BASE, INIT, KERNEL = 0xFFFF_FFFF_0000_0000, 0xBF00_0000, 0xBF80_0000, 0xC010_0000


class _Module(NamedTuple):
    """A module and its kernel."""

    data: bytes
    arch: Arch
    config: LayoutConfig


def rows(_: Path) -> Iterator[Row]:
    """btrfs.ko of each machine: relocating, then the whole link from bytes to memory, in user time."""
    for name in MACHINES:
        module = _module(name)
        with tempfile.TemporaryDirectory() as folder:
            made = _linked(module)
            theirs = ld.command(
                Path(folder), module.data, placings(made), made.imports, MACHINES[name].emulation
            )
            subprocess.run(theirs, check=True, capture_output=True)
            runs = [(_ours(module), _ld(theirs)) for _ in range(PAIRS)]
        for work, ours, target in (("relocate", 0, TARGET), ("link", 1, 0)):
            ratio = pairs.ratio([(mine[ours], other) for mine, other in runs])
            yield Row(f"{work} {MODULE}.ko, {name}", "GNU ld, user time", ratio, cpu=target)


def _module(name: str) -> _Module:
    debian = kernel(name)
    path = next(debian.modules.rglob(f"{MODULE}.ko*"))
    data = compress.read(str(path))
    elf = Elf(data)
    return _Module(data, arch.of(MACHINES[name].e_machine, elf.bits, elf.order), debian.layout())


def _linked(module: _Module) -> Linked:
    """Read, laid out, resolved and relocated."""
    prepared = _prepared(module)
    relocate(prepared.image, prepared.values, "module")
    return prepared


def _prepared(module: _Module) -> Linked:
    """All but relocated."""
    read = Object(module.data, Elf(module.data).sections, module.arch)
    changed = frob(read, module.config, "module")
    high = HIGH if module.arch.bits == 64 else 0  # noqa: PLR2004
    image = Image(changed, layout(changed, module.config), (high | BASE, high | INIT))
    known: dict[str, int] = {}
    values = simplify(
        image, "module", lambda name: known.setdefault(name, (high | KERNEL) + 48 * len(known)), unheard
    )
    return Linked(image, values, known)


def _ours(module: _Module) -> tuple[pairs.Run, pairs.Run]:
    """The means of BATCH runs: relocating alone, and the link."""
    prepared = [_prepared(module) for _ in range(BATCH)]
    todo = iter(prepared)
    gc.collect()
    gc.disable()  # as the tools do
    relocating = _mean(lambda: _relocate(next(todo)), resource.RUSAGE_SELF)
    del prepared
    linking = _mean(lambda: _linked(module), resource.RUSAGE_SELF)
    gc.enable()
    return relocating, linking


def _relocate(prepared: Linked) -> None:
    relocate(prepared.image, prepared.values, "module")


def _ld(command: list[str]) -> pairs.Run:
    """The mean of BATCH links by GNU ld."""
    return _mean(lambda: subprocess.run(command, check=True, capture_output=True), resource.RUSAGE_CHILDREN)


def _mean(link: Callable[[], object], who: int) -> pairs.Run:
    """Wall and user time of one ``link`` of BATCH: user time is counted in ticks."""
    wall, before = time.perf_counter(), resource.getrusage(who).ru_utime
    for _ in range(BATCH):
        link()
    user = resource.getrusage(who).ru_utime - before
    return pairs.Run((time.perf_counter() - wall) / BATCH, user / BATCH, 0)
