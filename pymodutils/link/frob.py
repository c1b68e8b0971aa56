"""Machine-specific changes to a module before its layout; module_frob_arch_sections."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pymodutils.arch.frob import Frobbed, Header, SymbolColumns, UnplacedModule
from pymodutils.arch.plt_got import Refusal
from pymodutils.elf.constants import SHF_ALLOC, SHN_ABS, SHT_REL, SHT_RELA
from pymodutils.link.failure import LinkError, OutOfBounds
from pymodutils.link.reloc_section import decode, packer, unpacked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.arch.field import Field
    from pymodutils.arch.reloc import Relocations
    from pymodutils.link.layout import LayoutConfig
    from pymodutils.link.object import Object, Symbols


def frob(module: Object, config: LayoutConfig, name: str) -> Object:
    """The module named ``name`` as prepared by a kernel of this configuration.

    Raises LinkError with the kernel's message, OutOfBounds for faults that the kernel does not detect.
    """
    options = module.arch.configured(config.options, config.release)
    arch = module.arch.fitting(options, config.release)
    if arch is module.arch and arch.frob is None:
        return module
    from copy import copy  # noqa: PLC0415 -- few machines change anything

    changed = copy(module)
    changed.arch, changed.options = arch, options
    if arch.frob:
        headers = [
            Header(one.name, one.sh_type, one.sh_flags, one.sh_size, one.sh_addralign, one.sh_info)
            for one in module.sections
        ]
        changed.relocations = _relocations(changed, name)
        found = UnplacedModule(
            *(headers, view(module.symbols), changed.relocations, partial(_words, changed)),
            *(options, arch.bits),
        )
        try:
            frobbed = arch.frob(found)
        except Refusal as refusal:
            text, errno = refusal.diagnostic
            raise LinkError(name, text.format(module=name), errno) from None
        _change(changed, frobbed)
    return changed


def view(symbols: Symbols) -> SymbolColumns:
    """``symbols`` for the code of the machine."""
    return SymbolColumns(symbols.infos, symbols.others, symbols.sections, symbols.name)


def _relocations(module: Object, name: str) -> dict[int, Relocations]:
    """Every relocation section of the machine's kind."""
    found: dict[int, Relocations] = {}
    budget = len(module.data)
    for at, section in enumerate(module.sections):
        rela = section.sh_type == SHT_RELA
        wanted = (rela and not module.arch.rela) or (section.sh_type == SHT_REL and not module.arch.rel)
        if not wanted or section.sh_info >= len(module.sections):
            continue
        budget -= section.sh_size
        if budget < 0:
            raise OutOfBounds(name, "its relocation sections overlap each other")
        found[at] = decode(module.arch, module.content(at), rela=rela)
    return found


def _words(module: Object, at: int, field: Field, offsets: Sequence[int]) -> list[int]:
    """The words of ``field`` at ``offsets`` of the section patched by ``at``; 0 beyond its end."""
    content, reader = module.content(module.sections[at].sh_info), packer(module.arch, field)
    last = len(content) - field.size
    if max(offsets, default=0) <= last:
        return unpacked(reader, content, offsets)
    return [reader.unpack_from(content, offset)[0] if offset <= last else 0 for offset in offsets]


def _change(module: Object, frobbed: Frobbed) -> None:
    """Apply ``frobbed`` to ``module``, a private copy."""
    sections = list(module.sections)
    for at, room in frobbed.changes.items():
        fields = {field: value for field, value in room._asdict().items() if value is not None}
        sections[at] = sections[at]._replace(**fields)
    module.sections, module.frobbed = sections, frobbed
    in_memory = {at for at in module.relocations if sections[at].sh_flags & SHF_ALLOC}
    module.contents = {
        at: _sorted(module, at, frobbed.orders[at]()) for at in in_memory & frobbed.orders.keys()
    }
    module.relocations = {at: one for at, one in module.relocations.items() if at not in in_memory}
    if frobbed.absolute or frobbed.undotted:
        from copy import copy  # noqa: PLC0415 -- as above

        symbols = module.symbols = copy(module.symbols)
        symbols.sections, symbols.names = symbols.sections[:], symbols.names[:]
        for at in frobbed.absolute:
            symbols.sections[at] = SHN_ABS
        for at in frobbed.undotted:
            symbols.names[at] += 1


def _sorted(module: Object, at: int, order: Sequence[int]) -> bytes:
    """The records of relocation section ``at`` in ``order``."""
    size = (3 if module.sections[at].sh_type == SHT_RELA else 2) * module.arch.bits // 8
    raw = module.content(at)
    return b"".join(raw[size * one : size * one + size] for one in order)
