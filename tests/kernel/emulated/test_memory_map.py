"""The memory map, accounted for to the byte by hand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from pymodutils.elf.constants import SHF_ALLOC, SHT_NOBITS
from pymodutils.errors import Refused
from pymodutils.kernel.base import State
from pymodutils.kernel.emulated import memory_map
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.memory_map import MappedArea, MappedRange, ModuleMemory, RangeKind
from tests.kernel.emulated.modules import CODE, WRITE, Clock, description, kernel, module
from tests.link import objects

PAGE = 4096
PARTS = [
    objects.Part(".data", b"\x0d" * 0x11, WRITE, align=8),
    objects.Part(".odd", b"\x01" * 3, SHF_ALLOC, align=1),
    objects.Part(".rodata", b"\x0c" * 0x10, SHF_ALLOC, align=64),
    objects.Part(".data..ro_after_init", b"\x0a" * 9, WRITE, align=8),
    objects.Part(".bss", b"", WRITE, SHT_NOBITS, align=32, size=0x50),
    objects.Part(".init.data", b"\x0e" * 6, WRITE, align=2),
    objects.Part(".exit.text", b"\xee" * 5, CODE, align=1),
]


def of(booted: EmulatedKernel, name: str = "made") -> ModuleMemory:
    return booted.look(partial(memory_map.of, name=name))


def content(booted: EmulatedKernel, section: str, name: str = "made") -> tuple[int, bytes]:
    return booted.look(partial(memory_map.content, name=name, section=section))


def assert_whole(parts: Sequence[MappedRange], size: int) -> None:
    """``parts`` are contiguous from 0 to ``size``."""
    assert parts[0].offset == 0
    assert all(one.offset + one.size == other.offset for one, other in pairwise(parts))
    assert parts[-1].offset + parts[-1].size == size


def rows(area: MappedArea) -> list[tuple[str, str, int, int]]:
    return [(part.kind.value, part.name, part.offset, part.size) for part in area.parts]


def test_strict_rwx_loses_the_ends_of_pages() -> None:
    booted = kernel()
    booted.init_module(module(parts=PARTS))
    core, init = of(booted).areas
    assert rows(core)[:13] == [
        ("text", ".text", 0, 64),
        ("text", ".exit.text", 64, 5),
        ("waste", "", 69, PAGE - 69),
        ("rodata", "__ksymtab_strings", PAGE, 0),
        ("rodata", ".odd", PAGE, 3),
        ("padding", "", PAGE + 3, 61),
        ("rodata", ".rodata", PAGE + 64, 16),
        ("waste", "", PAGE + 80, PAGE - 80),
        ("ro_after_init", ".data..ro_after_init", 2 * PAGE, 9),
        ("waste", "", 2 * PAGE + 9, PAGE - 9),
        ("data", ".gnu.linkonce.this_module", 3 * PAGE, 0x380),
        ("data", ".data", 3 * PAGE + 0x380, 0x11),
        ("padding", "", 3 * PAGE + 0x391, 0xF),
    ]
    assert rows(core)[13:15] == [
        ("bss", ".bss", 3 * PAGE + 0x3A0, 0x50),
        ("waste", "", 3 * PAGE + 0x3F0, PAGE - 0x3F0),
    ]
    assert [part.kind for part in core.parts[15:]] == [RangeKind.KALLSYMS, RangeKind.WASTE]
    assert rows(init)[:4] == [
        ("text", ".init.text", 0, 32),
        ("waste", "", 32, PAGE - 32),
        ("data", ".init.data", PAGE, 6),
        ("waste", "", PAGE + 6, PAGE - 6),
    ]
    assert [part.name for part in init.parts[4:]] == [".symtab", ".strtab", "", "kallsyms", ""]
    for area in (core, init):
        assert_whole(area.parts, area.size)


@pytest.mark.parametrize("seven", [False, True])
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("kallsyms", [False, True])
def test_every_byte_of_every_area(seven: bool, strict: bool, kallsyms: bool) -> None:
    made = description(STRICT_MODULE_RWX=strict, KALLSYMS=kallsyms)
    release = "6.12.0-made" if seven else "6.1.0-made"
    booted = EmulatedKernel.boot(made._replace(release=release, generation=release[:4]), clock=Clock())
    booted.init_module(module(parts=PARTS))
    areas = of(booted).areas
    assert len(areas) == (6 if seven else 2)
    for area in areas:
        assert_whole(area.parts, -(-area.size // PAGE) * PAGE)
        assert {part.kind for part in area.parts} & {RangeKind.STUBS} == set()
        assert all(part.size < 64 for part in area.parts if part.kind is RangeKind.PADDING)
        used = [part.offset + part.size for part in area.parts if part.kind is not RangeKind.WASTE]
        assert seven or strict or used[-1] == area.size
    kept = [area for area in areas if not area.discarded]
    assert sum(area.size for area in kept) == int(booted.read("/sys/module/made/coresize"))
    if kallsyms:
        names = {part.name for area in areas for part in area.parts if part.size and part.name}
        assert names - {"kallsyms"} == set(booted.listdir("/sys/module/made/sections"))


def test_init_is_there_until_it_has_ended() -> None:
    seen: list[ModuleMemory] = []

    class Watched(Clock):
        def sleep(self, seconds: float) -> None:
            seen.append(of(booted))
            super().sleep(seconds)

    booted = EmulatedKernel.boot(description(), clock=Watched())
    booted.behave("made", init_seconds=1)
    booted.init_module(module(parts=PARTS))
    [before], after = seen, of(booted)
    assert (before.state, after.state) == (State.COMING, State.LIVE)
    assert before.total(discarded=True) == 0
    assert after.total(discarded=True) == before.areas[1].taken
    assert before.total() == after.total() + after.total(discarded=True)
    assert [area.parts for area in before.areas] == [area.parts for area in after.areas]


@pytest.mark.parametrize("strict", [False, True])
def test_the_whole_range_has_no_byte_twice_and_none_too_few(strict: bool) -> None:
    booted = kernel(STRICT_MODULE_RWX=strict)
    for name in ("one", "two", "three", "four"):
        booted.init_module(module(name, parts=PARTS if name != "three" else ()))
    booted.delete_module(b"two")
    booted.init_module(module("five"))
    found = booted.look(memory_map.space)
    assert_whole(found.parts(), found.high - found.low)
    assert [it.name for it in found.modules] == ["one", "five", "three", "four"]
    taken = sum(it.total() for it in found.modules)
    free = sum(size for _, size in found.gaps)
    assert taken + free + PAGE * len(found.areas()) == found.high - found.low


def test_an_empty_kernel_has_one_gap() -> None:
    found = kernel().look(memory_map.space)
    assert (found.modules, found.gaps) == ((), ((found.low, found.high - found.low),))
    assert_whole(found.parts(), found.high - found.low)


def test_the_bytes_of_sections_are_those_of_the_file() -> None:
    booted = kernel()
    booted.init_module(module(parts=PARTS))
    for part in PARTS:
        if not part.name.startswith(".init"):
            address, data = content(booted, part.name)
            assert data == part.data or (part.kind == SHT_NOBITS and data == bytes(0x50))
            shown = booted.read(f"/sys/module/made/sections/{part.name}")
            assert int(shown, 16) == address


def test_data_behind_a_discarded_area_is_found() -> None:
    """If data has its own area, it is the third, after the init area."""
    booted = kernel(ARCH_WANTS_MODULES_DATA_IN_VMALLOC=True)
    booted.init_module(module(parts=PARTS))
    assert content(booted, ".data")[1] == b"\x0d" * 0x11
    assert [(area.name, area.discarded) for area in of(booted).areas] == [
        ("core", False),
        ("init", True),
        ("data", False),
    ]


@pytest.mark.parametrize(
    ("section", "code"), [(".init.data", 61), (".modinfo", 2), (".data..percpu", 2), ("nosuch", 2)]
)
def test_what_is_not_in_memory_is_refused(section: str, code: int) -> None:
    booted = kernel()
    percpu = objects.Part(".data..percpu", b"\x07" * 40, WRITE, align=8)
    booted.init_module(module(parts=[*PARTS, percpu]))
    with pytest.raises(Refused) as refused:
        content(booted, section)
    assert refused.value.errno == code
    assert of(booted).percpu is not None


def test_a_module_that_is_not_there_is_refused() -> None:
    booted = kernel()
    for view in (
        partial(memory_map.of, name="absent"),
        partial(memory_map.content, name="absent", section=".text"),
    ):
        with pytest.raises(Refused, match="module absent is not in the kernel") as refused:
            booted.look(view)
        assert refused.value.errno == 2


def test_a_kernel_in_a_file_takes_modules_at_once(tmp_path: Path) -> None:
    booted = kernel(f"{tmp_path}/k.state")
    booted.init_module(module())
    assert [it.name for it in EmulatedKernel.open(f"{tmp_path}/k.state").loaded()] == ["made"]
