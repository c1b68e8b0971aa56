"""Real modules, found and linked."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pymodutils.arch.model import Arch
from pymodutils.arch.x86 import X86_64
from pymodutils.elf import compress
from pymodutils.elf.decode import modinfo
from pymodutils.elf.scan import Elf
from pymodutils.link.image import Image
from pymodutils.link.layout import LayoutConfig, layout
from pymodutils.link.object import Object
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify
from pymodutils.names import normalize, of_path
from tests.oracles import ld, trees
from tests.oracles.debian import newest, unpacked

LATER = {
    "trixie": "image",
    "forky": "modules",
    "experimental": "modules",
}  # suite -> the kind of package that has the modules
CORE, INIT, KERNEL, PERCPU = 0xFFFF_FFFF_C000_0000, 0xFFFF_FFFF_C400_0000, 0xFFFF_FFFF_8100_0000, 0x34000


class Linked(NamedTuple):
    """A module in memory, and the assumed values of its imports."""

    image: Image
    values: list[int]
    imports: dict[str, int]


@cache
def paths(tree: str) -> dict[str, Path]:
    """The files of the modules of ``tree`` (a suite of LATER: its cloud kernel) by name."""
    top = later(tree) if tree in LATER else trees.tree(tree).modules
    return {of_path(str(path)): path for path in top.rglob("*.ko*")}


def trixie() -> Path:
    """The unpacked package of Debian 13's cloud kernel, with the loader of 6.12."""
    return later("trixie")


def later(suite: str) -> Path:
    """The package with the modules of the cloud kernel of a later Debian, unpacked."""
    package = newest("linux-image-cloud-amd64", suite)
    return unpacked(package.replace("image", LATER[suite]), suite)


def in_order(tree: str, names: Iterable[str]) -> list[Path]:
    """The files of the modules ``names`` and of their dependencies, in load order."""
    files = paths(tree)
    ordered: dict[str, Path] = {}

    def add(name: str) -> None:
        if name not in ordered:
            section = Elf(compress.read(str(files[name]))).section(".modinfo") or b""
            for needed in filter(None, dict(modinfo(section)).get("depends", "").split(",")):
                add(normalize(needed))
            ordered[name] = files[name]

    for name in names:
        add(normalize(name))
    return list(ordered.values())


def load(data: bytes, arch: Arch = X86_64, subject: str = "module") -> Object:
    """``data`` as the loader sees it."""
    return Object(data, Elf(data, subject).sections, arch, subject)


def linked(
    data: bytes,
    config: LayoutConfig | None = None,
    bases: tuple[int, ...] = (CORE, INIT),
    *,
    arch: Arch = X86_64,
    kernel: int = KERNEL,
) -> Linked:
    """``data`` linked at ``bases``, its imports 48 bytes from each other in the kernel at ``kernel``."""
    module = load(data, arch)
    image = Image(module, layout(module, config or LayoutConfig()), bases)
    imports: dict[str, int] = {}

    def resolve(name: str) -> int:
        return imports.setdefault(name, kernel + 48 * len(imports))

    values = simplify(image, "module", resolve, lambda _, __: None, percpu=PERCPU)
    relocate(image, values, "module")
    return Linked(image, values, imports)


def placings(made: Linked) -> list[ld.Placing]:
    """The addresses of the sections of ``made``, for ld."""
    image = made.image
    found = []
    for at, section in enumerate(image.module.sections):
        if at in (image.module.symtab, image.module.strtab):
            continue
        if image.layout.placed[at] is not None:
            found.append(ld.Placing(section.name, image.addresses[at], section.sh_addralign))
    if image.layout.percpu:
        section = image.module.sections[image.layout.percpu]
        found.append(ld.Placing(section.name, PERCPU, section.sh_addralign))
    return found
