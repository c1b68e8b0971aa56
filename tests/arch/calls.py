"""Modules with calls out of range, and the stubs that their loaders make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pymodutils.arch.model import Arch
from pymodutils.link.image import Image
from pymodutils.link.layout import LayoutConfig
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify, unheard
from tests.arch.cases import image
from tests.arch.linkers import JUDGED
from tests.link.objects import Part, Rel, Sym, make

MADE, CODE = 64, 6  # bytes from one call to the next; SHF_ALLOC | SHF_EXECINSTR
FUNCTION, LABEL = 0x12, 0x00  # a global STT_FUNC, a local symbol


class Caller(NamedTuple):
    """An architecture with its call instructions."""

    arch: Arch
    code: bytes  # of one call, not yet linked
    rows: tuple[tuple[int, int, int], ...]  # offset, number, and addend
    name: str = ""  # where one architecture has several
    labels: tuple[tuple[int, int], ...] = ()  # the same of relocations that name the call's own first byte
    options: Mapping[str, str] = {}
    release: tuple[int, int] = (6, 1)  # of the kernel


class Called(NamedTuple):
    """A linked module, and the expected target of each call."""

    image: Image
    goals: Mapping[int, int]  # by the address of the call

    @property
    def areas(self) -> list[tuple[int, bytes]]:
        """The addresses and contents of its memory."""
        return list(zip(self.image.bases, map(bytes, self.image.memory), strict=True))

    def address(self, name: str) -> int:
        """The address of the section with this name."""
        return self.image.addresses[self.image.module.find(name)]


def module(caller: Caller, count: int) -> bytes:
    """A module with ``count`` calls, of which every second is in .init.text."""
    judged = next(
        one for one in JUDGED if one.arch.name == caller.arch.name and one.rela == (not caller.arch.rela)
    )
    text = caller.code.ljust(MADE, b"\0") * count
    parts = [Part(name, text, CODE, align=64) for name in (".text", ".init.text")]
    labels = [Sym(f"l{at}", at * MADE, 1 + at % 2, LABEL) for at in range(count)]
    symbols = [Sym(f"s{at}", info=FUNCTION) for at in range(count)]
    relocs: dict[int, list[Rel]] = {1: [], 2: []}
    for at in range(count):
        rows = relocs[1 + at % 2]
        rows += [
            Rel(at * MADE + offset, number, count + at + 1, addend) for offset, number, addend in caller.rows
        ]
        rows += [Rel(at * MADE + offset, number, at + 1) for offset, number in caller.labels]
    everything = [*parts, *(part for part in judged.parts if part.name != ".data")]
    return make(caller.arch, everything, [*labels, *symbols], relocs, e_flags=judged.flags)


def called(
    caller: Caller, base: int, targets: Sequence[int], kernel: Mapping[str, int] | None = None
) -> Called:
    """The calls of ``targets`` linked, with the text at ``base``."""
    config = LayoutConfig(options=caller.options, release=caller.release)
    made = image(caller.arch, module(caller, len(targets)), base, config)
    values = {f"s{at}": target for at, target in enumerate(targets)}
    relocate(made, simplify(made, "module", values.__getitem__, unheard), "module", kernel=kernel or {})
    starts = [made.addresses[1 + at % 2] + at * MADE for at in range(len(targets))]
    return Called(made, dict(zip(starts, targets, strict=True)))
