"""Slots, descriptors and stubs as modutils makes them, compared with GNU ld.

Each module exists twice: as it is, and as ``judge``, in which each slot, descriptor or stub is a symbol. GNU
ld links the latter with our addresses.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from pymodutils.elf.scan import Elf
from pymodutils.linux24.insmod.loading import Loading
from pymodutils.linux24.machine.slots import Entries
from tests.linux24.test_against_ld import Target, file, linked, of_file
from tests.oracles import binutils

Key = tuple[str, int]  # a symbol's name and the addend


class Slotted(NamedTuple):
    """A machine: the parameters of ld, the attribute of its slots, and the keys that ``judge`` names."""

    target: Target
    entries: dict[str, tuple[str, Key | str]]  # attribute of Slots, key
    loads: tuple[int, ...] = ()  # of slots by two instructions, which ld encodes otherwise


MACHINES = {
    "ia64": Slotted(
        Target("elf64_ia64", 0xE000_0000_0010_0000),
        {
            "slot_far_data": ("got", (".data", 64)),
            "slot_far_data_8": ("got", (".data", 72)),
            "slot_jiffies": ("got", ("jiffies", 0)),
            "slot_fptr_helper": ("got", ("helper", 0)),
            "opd_helper": ("opd", "helper"),
            "plt_printk": ("plt", ("printk", 0)),
            "plt_kmalloc": ("plt", ("kmalloc", 0)),
        },
    ),
    "s390": Slotted(
        Target("elf_s390", 0x0011_0000),
        {
            "plt_printk": ("plt", "printk"),
            "plt_helper": ("plt", "helper"),
            "plt_kmalloc": ("plt", "kmalloc"),
        },
    ),
    "hppa64": Slotted(
        Target("hppa64linux", 0x1010_0000),
        {
            "stub_printk": ("stubs", ("printk", 0)),
            "stub_kmalloc": ("stubs", ("kmalloc", 0)),
            "opd_helper": ("opd", "helper"),
        },
        loads=(0, 8),
    ),
}


def defined(loading: Loading, machine: Slotted) -> dict[str, int]:
    """The symbols of ``judge``."""
    module, slots = loading.module, loading.slots
    found = {symbol.name: symbol.value for symbol in module.symbols if symbol.is_external}
    named = {symbol.name: symbol for symbol in [*module.symbols, *module.symbols.locals.values()]}
    for name, (attribute, key) in machine.entries.items():
        entries: Entries = getattr(slots, attribute)
        wanted = named[key] if isinstance(key, str) else (named[key[0]], key[1])
        assert entries.section
        found[name] = entries.section.address + entries.offsets[wanted]
    text, data = module.sections[1].address, module.find(".data")
    assert data
    found |= {"__gp": slots.gp, "got": slots.gp, "opd_printk": found["printk"]}
    found |= {"seg_helper": 0, "sec_pointer": 0}
    found |= {"slot_jiffies": found.get("slot_jiffies", 0), "far_data_in_got": data.address + 0x16 - slots.gp}
    assert module.value(named["helper"]) == text
    return found


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize("arch", MACHINES)
def test_slots(arch: str, tmp_path: Path) -> None:
    machine = MACHINES[arch]
    loading = linked("slots", arch, tmp_path, machine.target)
    (tmp_path / "judge.o").write_bytes(file("judge", arch))
    placed = [each for each in of_file(loading) if each.name not in (".kstrtab", ".bss")]
    lines = [f"{section.name} {section.address:#x} : {{ *({section.name}) }}" for section in placed]
    (tmp_path / "script").write_text("SECTIONS { " + "\n".join([*lines, "/DISCARD/ : { *(*) }"]) + " }")
    names = [f"--defsym={name}={value:#x}" for name, value in defined(loading, machine).items()]
    command = [
        *(binutils.program("ld"), "-m", machine.target.emulation, "-T", "script", "--no-relax", "-e", "0"),
        *(*names, "-o", "linked", "judge.o", "--no-check-sections"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = Elf.open(str(tmp_path / "linked"))
    for section in placed:
        wanted, ours = bytearray(found.section(section.name) or b""), bytes(section.contents or b"")
        if section.name == ".text":
            for at in machine.loads:
                wanted[at : at + 8] = ours[at : at + 8]  # test_loads_of_hppa64 looks at them
        assert ours.hex(" ", 4) == wanted.hex(" ", 4), section.name


@pytest.mark.slow
@pytest.mark.lane
def test_loads_of_hppa64(tmp_path: Path) -> None:
    machine = MACHINES["hppa64"]
    loading = linked("slots", "hppa64", tmp_path, machine.target)
    text = next(each for each in of_file(loading) if each.name == ".text")
    (tmp_path / "text").write_bytes(bytes(text.contents or b""))
    command = [binutils.program("objdump"), "-D", "-b", "binary", "-m", "hppa2.0w", "-EB", "text"]
    listed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    upper = [int(word, 16) for word in re.findall(r"addil L%(-?[0-9a-f]+),dp", listed)]
    lower = [int(word, 16) for word in re.findall(r"ldd (-?[0-9a-f]+)\(r1\)", listed)]
    got: Entries = loading.slots.got  # type: ignore[attr-defined]
    assert got.section
    ways = [got.section.address + at - loading.slots.gp for at in list(got.offsets.values())[:2]]
    assert [high + low for high, low in zip(upper, lower, strict=True)] == ways
