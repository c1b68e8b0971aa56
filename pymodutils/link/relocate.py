"""Apply all relocations of an image; kernel/module/main.c: apply_relocations.

A section is relocated by columns (apply_fast) if the result cannot depend on the order; otherwise, and to
find the relocation at which the kernel stops, its relocations are applied in order (apply_exact).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch.plt_got import Refusal
from pymodutils.elf.constants import SHT_REL, SHT_RELA
from pymodutils.kern_levels import ERR
from pymodutils.link import apply_exact, apply_fast, prepare
from pymodutils.link.failure import LinkError, OutOfBounds
from pymodutils.link.reloc_section import NeedsExact, RelocSection
from pymodutils.link.symbols import unheard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pymodutils.arch.plt_got import StubBuilder
    from pymodutils.arch.reloc import Relocations
    from pymodutils.link.image import Image
    from pymodutils.link.symbols import Report

NOTHING: Final[Mapping[str, int]] = {}
PERCPU_SINCE: Final = (6, 16)


def relocate(
    image: Image,
    values: Sequence[int],
    name: str,
    report: Report = unheard,
    *,
    kernel: Mapping[str, int] = NOTHING,
    percpu: bool = False,
    applies: Callable[[int], bool] = lambda _: True,
) -> None:
    """Apply all relocations of the module named ``name``, whose symbols have ``values``.

    ``report`` receives log lines that do not stop the loader, with their levels; ``kernel`` has the addresses
    of kernel functions used by the stubs of some machines; ``percpu``: per-CPU data is relocated too, as in
    kernels from PERCPU_SINCE on; ``applies`` is called for each relocation section in turn, and may refuse.
    Raises LinkError with the kernel's message, OutOfBounds for faults that the kernel does not detect.
    """
    module = image.module
    builder = module.arch.builder(prepare.memory(image, kernel)) if module.arch.builder else None
    if builder and builder.defined:
        values, word = list(values), (1 << module.arch.bits) - 1
        for at, value in builder.defined.items():
            values[at] = value & word
    budget, template = len(module.data), (percpu and image.layout.percpu) or -1
    for at, section in enumerate(module.sections):
        if not at or section.sh_type not in (SHT_REL, SHT_RELA) or section.sh_info >= len(module.sections):
            continue
        if image.layout.placed[section.sh_info] is None and section.sh_info != template:
            continue
        if not applies(at):
            continue
        budget -= section.sh_size
        if budget < 0:
            raise OutOfBounds(name, "its relocation sections overlap each other")
        _apply(RelocSection(image, at, values, name, builder.gp if builder else 0), builder, report)
    if builder:
        try:
            builder.finish()
        except Refusal as refusal:
            text, errno = refusal.diagnostic
            raise LinkError(name, text.format(module=name), errno) from None


def _apply(relsec: RelocSection, builder: StubBuilder | None, report: Report) -> None:
    """Apply the relocation section of ``site``."""
    header, arch = relsec.image.module.sections[relsec.at], relsec.arch
    refusal = arch.rela if relsec.rela else arch.rel
    if refusal:
        raise LinkError(relsec.name, refusal.text.format(module=relsec.name), refusal.errno)
    if header.sh_info == relsec.image.module.symtab:
        raise OutOfBounds(relsec.name, f"{header.name} patches the symbols that it uses")
    relocs = prepare.read(relsec)
    try:
        apply_fast.apply(relsec, prepare.for_fast(relsec, relocs), builder)
    except NeedsExact:
        _apply_exactly(relsec, relocs, builder, report)
    if builder:
        _end(relsec, builder, report)


def _apply_exactly(
    relsec: RelocSection, relocs: Relocations, builder: StubBuilder | None, report: Report
) -> None:
    """Apply ``relocs`` until the loader stops."""
    relocs = prepare.for_exact(relsec, relocs, builder)
    try:
        apply_fast.apply(relsec, relocs)
    except NeedsExact:
        apply_exact.apply(relsec, relocs, report)


def _end(relsec: RelocSection, builder: StubBuilder, report: Report) -> None:
    """Let ``builder`` store the data gathered from the section."""
    try:
        failures = builder.end()
    except Refusal:
        raise OutOfBounds(relsec.name, "what is gathered at a place lies outside the module") from None
    for diagnostic in failures:
        report(ERR, diagnostic.text.format(module=relsec.name))
