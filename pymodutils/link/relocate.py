"""Every place of an image patched; kernel/module/main.c: apply_relocations.

A section is done in bulk where that surely gives what one relocation after the other would; else, and to
find the one at which the kernel would stop, they are taken in their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch.making import Refusal
from pymodutils.link import bulk, onebyone, prepare
from pymodutils.link.failure import LinkError, OutOfBounds
from pymodutils.link.fixups import Doubt, Site
from pymodutils.link.object import SHT_REL, SHT_RELA
from pymodutils.link.symbols import ERROR, unheard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymodutils.arch.making import Maker
    from pymodutils.arch.model import Fixups
    from pymodutils.link.image import Image
    from pymodutils.link.symbols import Report

NOTHING: Final[Mapping[str, int]] = {}


def relocate(
    image: Image,
    values: Sequence[int],
    name: str,
    report: Report = unheard,
    *,
    kernel: Mapping[str, int] = NOTHING,
) -> None:
    """Apply all relocations of the module called ``name``, whose symbols have ``values``.

    ``report`` takes the log's lines about what does not stop the loader, with their levels; ``kernel`` has
    the addresses of those functions of the kernel that some machines' stubs lead to.
    Raises LinkError with the kernel's words, OutOfBounds for what the kernel would not have noticed.
    """
    module = image.module
    maker = module.arch.maker(prepare.memory(image, kernel)) if module.arch.maker else None
    if maker and maker.defined:
        values, word = list(values), (1 << module.arch.bits) - 1
        for at, value in maker.defined.items():
            values[at] = value & word
    budget = len(module.data)
    for at, section in enumerate(module.sections):
        if not at or section.sh_type not in (SHT_REL, SHT_RELA) or section.sh_info >= len(module.sections):
            continue
        if image.layout.placed[section.sh_info] is None:
            continue
        budget -= section.sh_size
        if budget < 0:
            raise OutOfBounds(name, "its relocation sections overlap each other")
        _apply(Site(image, at, values, name, maker.gp if maker else 0), maker, report)
    if maker:
        try:
            maker.finish()
        except Refusal as refusal:
            raise LinkError(name, refusal.says.text.format(module=name), refusal.says.errno) from None


def _apply(site: Site, maker: Maker | None, report: Report) -> None:
    """Apply the relocation section that ``site`` is about."""
    header, arch = site.image.module.sections[site.at], site.arch
    refusal = arch.rela if site.rela else arch.rel
    if refusal:
        raise LinkError(site.name, refusal.text.format(module=site.name), refusal.errno)
    if header.sh_info == site.image.module.symtab:
        raise OutOfBounds(site.name, f"{header.name} patches the symbols that it uses")
    fixups = prepare.read(site)
    try:
        bulk.apply(site, prepare.quickly(site, fixups), maker)
    except Doubt:
        _with_care(site, fixups, maker, report)
    if maker:
        _end(site, maker, report)


def _with_care(site: Site, fixups: Fixups, maker: Maker | None, report: Report) -> None:
    """Apply ``fixups`` as far as the loader would."""
    fixups = prepare.carefully(site, fixups, maker)
    try:
        bulk.apply(site, fixups)
    except Doubt:
        onebyone.apply(site, fixups, report)


def _end(site: Site, maker: Maker, report: Report) -> None:
    """Let ``maker`` store what it has gathered from the section."""
    try:
        said = maker.end()
    except Refusal:
        raise OutOfBounds(site.name, "what is gathered at a place lies outside of the module") from None
    for says in said:
        report(ERROR, says.text.format(module=site.name))
