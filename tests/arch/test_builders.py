"""GOT slots, descriptors, stubs: followed from the words and instructions that lead to them."""

from __future__ import annotations

from errno import ENOEXEC

import pytest

from pymodutils.arch.alpha import ALPHA
from pymodutils.arch.ia64 import IA64
from pymodutils.arch.loongarch import LOONGARCH
from pymodutils.arch.model import Arch
from pymodutils.arch.parisc import PARISC64
from pymodutils.arch.powerpc64 import PPC64, PPC64_BIG
from pymodutils.arch.riscv import RISCV64
from pymodutils.arch.s390 import S390
from pymodutils.link.failure import LinkError
from tests.arch.linked import BASE, FAR, FUNCTION, OTHER, PLACES, Linked
from tests.link.objects import Rel, Sym

LTOFF_FPTR_64, FPTR_64, PLTOFF_64, REL_64 = 0x57, 0x47, 0x3F, 0x6F


def test_descriptors_of_ia64() -> None:
    """Of the module's own functions; of others the symbol is one."""
    rows = [Rel(0, FPTR_64, 3), Rel(8, FPTR_64, 1), Rel(16, FPTR_64, 3, 16), Rel(24, FPTR_64, 3)]
    made = Linked(IA64, rows)
    own, far, behind, again = (made.text(at) for at in (0, 8, 16, 24))
    core = made.image.bases[0]
    size = len(made.image.memory[0])
    gp = core + size // 2 + 7 & -8
    assert [made.read(own), made.read(own + 8)] == [BASE + PLACES, gp]
    assert [made.read(behind), made.read(behind + 8)] == [BASE + PLACES + 16, gp]
    assert (far, again, behind) == (FAR, own, own + 16)
    assert own == made.section(".opd")


def test_slots_of_ia64() -> None:
    """LTOFF_FPTR leads to the address of a descriptor, by gp."""
    rows = [Rel(0, LTOFF_FPTR_64, 3), Rel(8, LTOFF_FPTR_64, 1), Rel(16, LTOFF_FPTR_64, 1)]
    made = Linked(IA64, rows)
    gp = made.image.bases[0] + len(made.image.memory[0]) // 2 + 7 & -8
    own, far, again = (made.read(gp + made.text(at)) for at in (0, 8, 16))
    assert made.read(own) == BASE + PLACES
    assert (far, again) == (FAR, FAR)
    assert made.text(8) == made.text(16)


def test_entries_of_ia64() -> None:
    """PLTOFF leads to an entry; IPLT to a descriptor; REL counts from the module's beginning."""
    made = Linked(
        IA64, [Rel(0, PLTOFF_64, 1), Rel(8, PLTOFF_64, 2), Rel(16, PLTOFF_64, 1), Rel(24, REL_64, 3)]
    )
    first = made.section(".core.plt")
    assert [made.text(at) for at in (0, 8, 16)] == [first, first + 32, first]
    assert made.text(24) == BASE + PLACES - made.image.bases[0]


def test_a_gp_addressable_symbol_of_ia64_needs_no_slot() -> None:
    """LTOFF22X and LDXMOV: addl by gp and mov, or addl of the slot and ld8."""
    addl = 0x0120_0000_0000  # in the first slot of a bundle
    bundle = (addl << 5).to_bytes(16, "little")
    for symbol, near in ((3, True), (1, False)):
        made = Linked(IA64, [Rel(0, 0x86, symbol)], bundle)
        word = int.from_bytes(bytes(made.image.section(1))[:16], "little") >> 5
        imm = (
            (word >> 13 & 0x7F)
            | (word >> 27 & 0x1FF) << 7
            | (word >> 22 & 0x1F) << 16
            | (word >> 36 & 1) << 21
        )
        way = (imm ^ 1 << 21) - (1 << 21)
        gp = made.image.bases[0] + len(made.image.memory[0]) // 2 + 7 & -8
        assert (gp + way == BASE + PLACES) == near
        assert near or made.read(gp + way) == FAR


BRADDR = 0xC3E0_0000  # br $31


@pytest.mark.parametrize(("st_other", "skipped"), [(0, 0), (0x80, 0), (0x08, 0), (0x88, 8), (0x8C, 8)])
def test_branches_of_alpha_skip_the_load_of_gp(st_other: int, skipped: int) -> None:
    """STO_ALPHA_STD_GPLOAD: the same gp is loaded by two instructions."""
    made = Linked(ALPHA, [Rel(0, 28, 3, 4)], BRADDR.to_bytes(4, "little"), st_other=st_other)
    assert made.text(0, 4) & 0x1F_FFFF == (PLACES + 4 + skipped - 4) // 4


def test_branches_of_alpha_stay_in_the_module() -> None:
    with pytest.raises(LinkError) as failure:
        Linked(ALPHA, [Rel(0, 28, 1)], BRADDR.to_bytes(4, "little"))
    assert failure.value.log == ("module module: Relocation (type 28) overflow vs far",)
    assert failure.value.errno == ENOEXEC


@pytest.mark.parametrize(
    ("symbol", "against"), [(Sym("", 1 << 40, 1, 3), "section 1"), (Sym("x", 1 << 40, 1), "x")]
)
def test_messages_of_alpha_name_a_section_by_its_number(symbol: Sym, against: str) -> None:
    with pytest.raises(LinkError) as failure:
        Linked(ALPHA, [Rel(0, 7, 4)], symbols=[symbol])
    assert failure.value.log == (f"module module: Relocation (type 7) overflow vs {against}",)


BL, B, NOP, LD_R2 = 0x4800_0001, 0x4800_0000, 0x6000_0000, 0xE841_0018


def powerpc(arch: Arch, *words: int) -> bytes:
    return b"".join(word.to_bytes(4, arch.order) for word in words)


@pytest.mark.parametrize(
    ("st_other", "local"), [(at << 5, way) for at, way in enumerate((0, 0, 4, 8, 16, 32, 64))]
)
def test_local_entries_of_powerpc64(st_other: int, local: int) -> None:
    """Bits 5 to 7 of st_other, with version 2 of the ABI."""
    made = Linked(PPC64, [Rel(0, 10, 3)], powerpc(PPC64, BL, NOP), st_other=st_other | 3)
    assert [made.text(at, 4) for at in (0, 4)] == [BL + PLACES + local, NOP]
    first = Linked(PPC64_BIG, [Rel(0, 10, 3)], powerpc(PPC64_BIG, BL, NOP), st_other=st_other | 3)
    assert first.text(0, 4) == BL + PLACES


def test_calls_out_of_a_powerpc64_module() -> None:
    """The nop becomes a load of r2; a jump has none, nor has the call of the tracer."""
    rows = [Rel(0, 10, 1), Rel(8, 10, 2), Rel(16, 10, 1), Rel(24, 10, 4)]
    code = powerpc(PPC64, BL, NOP, B, 0x7C08_02A6, BL, NOP, BL, 0x7C08_02A6)
    kernel = {".TOC.": 0x2000_8000, "paca kernel_toc": 0x10}
    made = Linked(PPC64, rows, code, symbols=[Sym("_mcount")], kernel=kernel)
    stubs = made.section(".stubs")
    words = [made.read(BASE + at, 4, signed=False) for at in range(0, 32, 4)]
    assert words[1] == words[5] == LD_R2
    assert words[3] == words[7] == 0x7C08_02A6
    order = {1: FAR, 2: OTHER, 4: FAR + 64}
    targets = {made.read(stub + 32): stub for stub in range(stubs, stubs + 3 * 40, 40)}
    assert set(targets) == set(order.values())
    for at, symbol in ((0, 1), (2, 2), (4, 1), (6, 4)):
        assert (words[at] & 0x3FF_FFFC) + BASE + 4 * at == targets[order[symbol]]
    assert made.read(stubs + 28, 4) == 0x7374_7562  # "stub"
    tracer = targets[FAR + 64]
    way = FAR + 64 - 0x2000_8000
    assert made.read(tracer, 4, signed=False) == 0xE98D_0010  # ld 12,16(13)
    assert made.read(tracer + 4, 4, signed=False) == 0x3D8C_0000 | (way + 0x8000 >> 16) & 0xFFFF
    assert made.read(tracer + 8, 4, signed=False) == 0x398C_0000 | way & 0xFFFF


@pytest.mark.parametrize("arch", [PPC64, PPC64_BIG], ids=lambda arch: arch.name)
def test_a_call_without_a_nop_is_refused(arch: Arch) -> None:
    with pytest.raises(LinkError) as failure:
        Linked(arch, [Rel(0, 10, 1)], powerpc(arch, BL, 0x7C08_02A6))
    assert failure.value.log == ("module_64: module: Expected nop after call, got 7c0802a6 at far",)
    assert failure.value.errno == ENOEXEC


def test_functions_of_parisc64() -> None:
    """FPTR64: a descriptor with address and gp in its second half, 32 bytes each, behind the slots."""
    made = Linked(PARISC64, [Rel(0, 64, 3), Rel(8, 64, 1), Rel(16, 64, 3), Rel(24, 64, 3, 8)])
    gp = made.image.bases[0]
    own, far, again, behind = (made.text(at) for at in (0, 8, 16, 24))
    assert own == gp  # no slots
    assert [made.read(own + at) for at in (0, 8, 16, 24)] == [0, 0, BASE + PLACES, gp]
    assert (far, again, behind) == (FAR, own, own + 32)


def test_slots_of_parisc64() -> None:
    """LTOFF21L and 14R: left and right part of the slot's distance from dp."""
    rows = [Rel(0, 34, 1), Rel(4, 38, 1), Rel(8, 34, 2), Rel(12, 38, 2)]
    made = Linked(PARISC64, rows)
    assert [made.read(made.image.bases[0] + at) for at in (0, 8)] == [FAR, OTHER]
    assert [made.text(at, 4) for at in (0, 8)] == [0, 0]
    assert [made.text(at, 4) >> 1 & 0x1FFF for at in (4, 12)] == [0, 8]


def test_millicode_of_parisc64() -> None:
    """ldil, ldo, ldd 16(1),1; bve,n (1)."""
    made = Linked(
        PARISC64, [Rel(0, 74, 4)], bytes.fromhex("e800a000"), symbols=[Sym("$$mulI", info=FUNCTION)]
    )
    stub = BASE - 2 * 16
    words = [made.read(stub + at, 4, signed=False) for at in (0, 4, 8, 12)]
    assert words[2:] == [0x5021_0020, 0xE820_D002]
    assert [words[0] >> 26, words[1] >> 26] == [0x08, 0x0D]


def test_slots_of_loongarch() -> None:
    """GOT_PC_HI20 and LO12: the page and the rest of the slot, one for each address."""
    rows = [Rel(0, 75, 1), Rel(4, 76, 1), Rel(8, 75, 2), Rel(12, 76, 2), Rel(16, 75, 1, 8), Rel(20, 76, 1, 8)]
    made = Linked(LOONGARCH, rows)
    found = []
    for at in (0, 8, 16):
        high = (made.text(at, 4) >> 5 & 0xF_FFFF ^ 0x8_0000) - 0x8_0000
        low = (made.text(at + 4, 4) >> 10 & 0xFFF ^ 0x800) - 0x800
        found.append((BASE + at & ~0xFFF) + (high << 12) + low)
    assert [made.read(slot) for slot in found] == [FAR, OTHER, FAR + 8]
    assert sorted(found) == list(range(made.section(".got"), made.section(".got") + 24, 8))


def test_slots_of_riscv() -> None:
    """GOT_HI20 and the low half that names its instruction."""
    symbols = [Sym("l0", 0, 1, 0), Sym("l8", 8, 1, 0)]
    rows = [Rel(0, 20, 1), Rel(4, 24, 4), Rel(8, 20, 2), Rel(12, 24, 5), Rel(16, 23, 3), Rel(20, 24, 6)]
    made = Linked(RISCV64, rows, symbols=[*symbols, Sym("l16", 16, 1, 0)])
    found = []
    for at in (0, 8, 16):
        high, low = made.text(at, 4) >> 12, made.text(at + 4, 4) >> 20
        found.append(BASE + at + (high << 12) + low)
    got = made.section(".got")
    assert found == [got, got + 8, BASE + PLACES]
    assert [made.read(got), made.read(got + 8)] == [FAR, OTHER]


@pytest.mark.parametrize(
    ("number", "size"), [(6, 2), (15, 2), (7, 4), (24, 8), (29, 2), (30, 2), (31, 4), (32, 8)]
)
def test_slots_of_s390(number: int, size: int) -> None:
    """GOT12, GOT16, GOT32, GOT64 and GOTPLT ones: the slot's distance from the GOT, plus the addend."""
    made = Linked(S390, [Rel(0, number, 1, 4), Rel(16, number, 2), Rel(32, number, 1)])
    core = made.image.bases[0]
    assert [made.text(at, size) for at in (0, 16, 32)] == [4, 8, 0]
    assert [made.read(core), made.read(core + 8)] == [FAR, OTHER]


@pytest.mark.parametrize(("number", "size", "place"), [(25, 8, True), (34, 2, False), (36, 8, False)])
def test_entries_of_s390(number: int, size: int, place: bool) -> None:
    """PLT64 counts from the place, PLTOFF ones from the GOT; the target is in the entry."""
    made = Linked(S390, [Rel(0, number, 1), Rel(16, number, 2)] if size > 2 else [Rel(0, number, 1)])
    core = made.image.bases[0]
    entry = made.text(0, size) + (BASE if place else core)
    assert entry == core
    assert made.read(entry + 14) == FAR
