"""A module of one machine with relocations of .text, linked for the tests of its stubs and slots."""

from __future__ import annotations

from collections.abc import Sequence

from pymodutils.arch.model import Arch
from pymodutils.link.image import Image
from pymodutils.link.layout import LayoutConfig
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify, unheard
from tests.arch.cases import image
from tests.arch.linkers import JUDGED
from tests.link.objects import Part, Rel, Sym, make

BASE = 0x4000_0000
CODE = 6
FAR, OTHER = 0x1234_5678_9ABC, 0x2345_6789_ABC0
FUNCTION = 0x12
PLACES, TEXT = 512, 1024  # where the tests' functions and what follows them are in .text


class Linked:
    """A module with relocations of .text, linked."""

    def __init__(
        self,
        arch: Arch,
        rows: Sequence[Rel],
        content: bytes = b"",
        *,
        symbols: Sequence[Sym] = (),
        kernel: dict[str, int] | None = None,
        options: dict[str, str] | None = None,
        st_other: int = 0,
    ) -> None:
        self.arch = arch
        judged = next(one for one in JUDGED if one.arch.name == arch.name and one.arch.bits == arch.bits)
        every = [
            Sym("far", info=FUNCTION),
            Sym("other", info=FUNCTION),
            Sym("own", PLACES, 1, FUNCTION),
            *symbols,
        ]
        parts = [Part(".text", content.ljust(TEXT, b"\0"), CODE, align=16), *judged.parts]
        data = bytearray(make(arch, parts, every, {1: list(rows)}, e_flags=judged.flags))
        made = image(arch, bytes(data), BASE, LayoutConfig(options=options or {}))
        if st_other:
            others = bytearray(made.module.symbols.others)
            others[3] = st_other
            made.module.symbols.others = others
        known = {"far": FAR, "other": OTHER, "$$mulI": FAR, "_mcount": FAR + 64}
        relocate(
            made, simplify(made, "module", lambda name: known[name], unheard), "module", kernel=kernel or {}
        )
        self.image: Image = made

    def read(self, address: int, size: int = 8, *, signed: bool = True) -> int:
        """The word at ``address``."""
        for base, area in zip(self.image.bases, self.image.memory, strict=True):
            if base <= address < base + len(area):
                raw = bytes(area[address - base : address - base + size])
                return int.from_bytes(raw, self.arch.order, signed=signed)
        raise AssertionError(hex(address))

    def text(self, offset: int, size: int = 8) -> int:
        """The word at ``offset`` of .text."""
        return self.read(BASE + offset, size)

    def section(self, name: str) -> int:
        """The address of a section."""
        return self.image.addresses[self.image.module.find(name)]
