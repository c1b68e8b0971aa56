"""Modules in a running MIPS kernel: the loader's bytes and those that the kernel changed later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from pymodutils.elf.constants import SHF_ALLOC, SHF_WRITE, SHT_NOBITS, SHT_REL, SHT_RELA
from pymodutils.link import extable
from pymodutils.link.image import Image
from pymodutils.link.layout import LayoutConfig, layout
from pymodutils.link.object import Object
from pymodutils.link.reloc_section import decode
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify
from tests.oracles.kernels import kernel

CONFIG = LayoutConfig(strict_rwx=False, kallsyms_all=False)
UNKNOWN = 0x1234_5678  # where imports are taken to be that /proc/kallsyms does not show: data
LIVE = ("__mcount_loc",)  # changed by who reads it
MCOUNT, JUMP = 12, 4  # bytes that ftrace and jump labels change at a place


@cache
def modules(name: str) -> dict[str, Path]:
    return {path.name.partition(".")[0]: path for path in kernel(name).modules.rglob("*.ko*")}


def imports(module: Object) -> set[str]:
    symbols = module.symbols
    return {symbols.name(at) for at, section in enumerate(symbols.sections) if at and not section}


def constant(module: Object) -> list[int]:
    """The sections that a running kernel does not change."""
    wanted = []
    for at, section in enumerate(module.sections):
        stays = section.sh_flags & (SHF_ALLOC | SHF_WRITE) == SHF_ALLOC and section.sh_size
        if stays and section.sh_type != SHT_NOBITS and not section.name.startswith((".init", *LIVE)):
            wanted.append(at)
    return wanted


def linked(module: Object, base: int, symbols: Mapping[str, int]) -> Image:
    image = Image(module, layout(module, CONFIG), (base, base + (1 << 25)))
    values = simplify(image, "module", lambda name: symbols.get(name, UNKNOWN), lambda _, __: None)
    relocate(image, values, module.subject)
    extable.sort(image)
    return image


def patched(image: Image, symbols: Mapping[str, int]) -> set[int]:
    """The addresses of bytes written by the running kernel, or unknown here."""
    module = image.module
    word = module.arch.bits // 8
    places = [(place, word) for place in unknown(image, symbols)]
    for name, step, size in (("__mcount_loc", word, MCOUNT), ("__jump_table", 3 * word, JUMP)):
        table = bytes(image.section(module.find(name))) if module.find(name) else b""
        starts = range(0, len(table), step)
        places += [(int.from_bytes(table[at : at + word], module.arch.order), size) for at in starts]
    return {place + at for place, size in places for at in range(size)}


def unknown(image: Image, symbols: Mapping[str, int]) -> Iterator[int]:
    """The places that depend on kernel data, or on freed memory."""
    module = image.module
    core = set(image.layout.plan.core)
    stays = {at for at, placed in enumerate(image.layout.placed) if placed and placed.area in core}
    for at, section in enumerate(module.sections):
        if section.sh_type not in (SHT_REL, SHT_RELA) or not image.layout.placed[section.sh_info]:
            continue
        relocs = decode(module.arch, module.content(at), rela=section.sh_type == SHT_RELA)
        for symbol, offset in zip(relocs.symbols, relocs.offsets, strict=True):
            home = module.symbols.sections[symbol]
            known = home in stays if home else module.symbols.name(symbol) in symbols
            if not known:
                yield image.addresses[section.sh_info] + offset
