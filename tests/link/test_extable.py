"""The sorted exception table: the same entries, in the order of their instructions."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from pymodutils.arch.alpha import ALPHA
from pymodutils.arch.mips import MIPS32, MIPS64
from pymodutils.arch.model import Arch
from pymodutils.arch.powerpc import PPC
from pymodutils.arch.sparc import SPARC64
from pymodutils.arch.x86 import I386, X86_64
from pymodutils.elf.constants import SHF_ALLOC
from pymodutils.link import extable
from pymodutils.link.image import Image
from pymodutils.link.layout import LayoutConfig, layout
from tests.link.modules import load
from tests.link.objects import Part, make

ENTRIES, TAIL = 40, b"\xaa\xbb\xcc"  # what is left of a table that ends within an entry stays where it is
WIDTHS = {  # bytes of an address, and of what follows the two; whether addresses are seen from themselves
    "x86_64": (4, 4, True),
    "i386": (4, 4, True),
    "mips 32": (4, 0, False),
    "mips 64": (8, 0, False),
    "sparc 64": (4, 0, False),
    "alpha": (4, 0, True),  # the instruction's; the fixup is no address
    "powerpc": (4, 0, True),
}


def name(arch: Arch) -> str:
    return arch.name if arch.name in WIDTHS else f"{arch.name} {arch.bits}"


def entries(arch: Arch, table: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The entries of ``table``, at address 0: instruction, fixup, the rest."""
    width, rest, relative = WIDTHS[name(arch)]
    for at in range(0, len(table) // (2 * width + rest) * (2 * width + rest), 2 * width + rest):
        first, second = table[at : at + width], table[at + width : at + 2 * width]
        insn = int.from_bytes(first, arch.order, signed=relative) + relative * at
        fixup = int.from_bytes(second, arch.order, signed=relative and arch is not ALPHA)
        fixup += relative * (at + width) * (arch is not ALPHA)
        yield insn, fixup, table[at + 2 * width : at + 2 * width + rest]


@pytest.mark.parametrize("arch", [X86_64, I386, MIPS32, MIPS64, SPARC64, ALPHA, PPC], ids=name)
def test_entries_stay_and_are_in_order(arch: Arch) -> None:
    width, rest, _ = WIDTHS[name(arch)]
    before = random.Random(5).randbytes(ENTRIES * (2 * width + rest)) + TAIL  # noqa: S311 -- cases, not secrets
    module = load(make(arch, [Part("__ex_table", before, SHF_ALLOC, align=8)], [], {}), arch)
    image = Image(module, layout(module, LayoutConfig()), (0, 0))
    extable.sort(image)
    after = bytes(image.section(1))
    assert after != before
    assert after.endswith(TAIL)
    found = list(entries(arch, after))
    assert found == sorted(entries(arch, before))
    assert [insn for insn, _, _ in found] == sorted(insn for insn, _, _ in found)


def test_other_sections_are_not_sorted() -> None:
    content = bytes(range(48, 0, -1))
    module = load(
        make(X86_64, [Part("__ex_tables", content, SHF_ALLOC), Part("__ex_table", content, 0)], [], {})
    )
    image = Image(module, layout(module, LayoutConfig()), (0, 0))
    extable.sort(image)
    assert [bytes(image.section(at)) for at in (1, 2)] == [content, content]
