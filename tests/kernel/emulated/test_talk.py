"""Rusty Russell's talk on the in-kernel loader, point by point."""

from __future__ import annotations

import os
from errno import EAGAIN, EBUSY, EINVAL, ENOEXEC
from struct import iter_unpack, pack, unpack

import pytest

from pymodutils.elf.constants import SHF_ALLOC
from pymodutils.errors import Refused
from pymodutils.kernel.base import Init, State
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.state import module_table
from tests.kernel.emulated.modules import (
    EXIT_AT,
    EXPORTS,
    INIT_AT,
    MAGIC,
    RELATIVE,
    WRITE,
    kernel,
    module,
)
from tests.link.objects import Part, Rel


def memory(booted: EmulatedKernel, name: str, section: str) -> tuple[int, bytes]:
    """The address and contents of a section."""
    with booted.store.transaction():
        row = booted.store.execute(f"{module_table.MODULES} WHERE name = ?", name)[0]
        owner = module_table.module(booted.store, row)
        found = next(it for it in module_table.sections(booted.store, owner) if it.name == section)
        content = module_table.memory(booted.store, owner, found.area)
    start = found.address - owner.areas[found.area].base
    return found.address, bytes(content[start : start + found.size])


def texts(booted: EmulatedKernel) -> list[str]:
    return [line.text for line in booted.log() if line.level < 5]


def refusal(booted: EmulatedKernel, image: bytes, flags: Init = Init.NONE) -> int:
    with pytest.raises(Refused) as refused:
        booted.load_file(image, b"", flags)
    return refused.value.errno


def test_in_kernel_linking() -> None:
    booted = kernel()
    booted.init_module(module())
    address, text = memory(booted, "made", ".text")
    (distance,) = unpack("<i", text[16:20])
    assert address + 20 + distance == EXPORTS["_printk"].address  # as a call at 15 would compute it


def test_modversions_in_sections() -> None:
    booted = kernel()
    assert refusal(booted, module(versions={"_printk": 1})) == EINVAL
    assert refusal(booted, module(versions={"module_layout": 1})) == ENOEXEC
    assert texts(booted) == [
        "made: disagrees about version of symbol _printk",
        "made: Unknown symbol _printk (err -22)",
        "made: disagrees about version of symbol module_layout",
    ]


def test_vermagic() -> None:
    booted = kernel()
    assert refusal(booted, module(magic="6.1.0-made SMP preempt mod_unload modversions ")) == ENOEXEC
    assert texts(booted) == [
        f"made: version magic '6.1.0-made SMP preempt mod_unload modversions ' should be '{MAGIC}'"
    ]
    booted.init_module(module(magic=MAGIC.replace("6.1.0-made", "5.9")))  # it has versions: they decide


def test_force() -> None:
    booted = kernel()
    wrong = module(magic="2.6.0 ", versions={"_printk": 1})
    booted.load_file(wrong, b"", Init.IGNORE_VERMAGIC | Init.IGNORE_MODVERSIONS)
    assert booted.read("/sys/module/made/taint") == b"F\n"
    assert int(booted.read("/proc/sys/kernel/tainted")) == 2
    assert texts(booted)[1] == "Disabling lock debugging due to kernel taint"
    other = kernel(MODULE_FORCE_LOAD=False)
    assert refusal(other, wrong, Init.IGNORE_VERMAGIC) == ENOEXEC


def test_a_module_that_has_come_can_be_held_and_let_go() -> None:
    booted = kernel()
    booted.behave("made", init_seconds=2)
    booted.init_module(module())
    assert booted.clock.time() == 1_000_002.0
    assert booted.state("made") is State.LIVE
    booted.get("made")
    with pytest.raises(Refused) as refused:
        booted.delete_module(b"made")
    assert refused.value.errno == EAGAIN
    booted.put("made")
    booted.delete_module(b"made")


def test_per_cpu_data() -> None:
    booted = kernel()
    part = Part(".data..percpu", b"\x07" * 40, WRITE, align=8)
    booted.init_module(module(parts=[part]))
    symbols = booted.read("/proc/kallsyms").decode().splitlines()
    (line,) = [line for line in symbols if line.endswith("in_data__percpu\t[made]")]
    offset, kind = line.split()[:2]
    assert int(offset, 16) < 1 << 20  # an offset into each processor's area, no address
    assert kind.lower() == "a"
    assert ".data..percpu" not in booted.listdir("/sys/module/made/sections")
    large = Part(".data..percpu", bytes(8168), WRITE, align=8)
    with pytest.raises(Refused):
        booted.init_module(module("more", parts=[large]))


def test_reference_counts() -> None:
    booted = kernel()
    booted.init_module(module("base", exports=["base_call"]))
    booted.init_module(module("user", imports=["base_call"], versions={"base_call": 0x100}))
    assert booted.read("/proc/modules").decode().splitlines()[1].split()[2:5] == ["1", "user,", "Live"]
    assert booted.listdir("/sys/module/base/holders") == ["user"]
    for flags in (os.O_NONBLOCK, os.O_NONBLOCK | os.O_TRUNC):
        with pytest.raises(Refused) as refused:
            booted.delete_module(b"base", flags)
        assert refused.value.errno == EAGAIN  # no force helps against a module
    booted.delete_module(b"user")
    assert booted.read("/sys/module/base/refcnt") == b"0\n"
    booted.delete_module(b"base")


def test_notifiers() -> None:
    booted = kernel()
    heard: list[tuple[str, str]] = []

    def first(state: State, name: str) -> None:
        heard.append(("first", f"{state.value} {name}"))

    def second(state: State, name: str) -> int:
        heard.append(("second", f"{state.value} {name}"))
        return -EBUSY if name == "hated" and state is State.COMING else 0

    booted.notifiers.register(second)
    booted.notifiers.register(first, priority=1)
    booted.init_module(module())
    booted.delete_module(b"made")
    every = [(who, f"{state} made") for state in ("coming", "live", "going") for who in ("first", "second")]
    assert heard == every
    heard.clear()
    assert refusal(booted, module("hated")) == EBUSY
    assert heard == [("first", "coming hated"), ("second", "coming hated"), ("first", "going hated")]
    assert booted.loaded() == []


def test_kallsyms() -> None:
    booted = kernel()
    booted.init_module(module(exports=["open_call"], gpl_exports=["gpl_call"]))
    found = {}
    for line in booted.read("/proc/kallsyms").decode().splitlines():
        address, kind, name, *owner = line.split()
        if owner == ["[made]"]:
            found[name] = (int(address, 16), kind)
    text, _ = memory(booted, "made", ".text")
    assert found["open_call"] == (text, "T")
    assert found["gpl_call"] == (text, "t")  # only what everybody may use is upper case
    assert found["cleanup_module"] == (text, "t")
    assert "init_module" not in found  # its memory has been given back


def test_extable() -> None:
    """Entries are in the order of their instructions, regardless of the order in the file."""
    booted = kernel()
    entries = Part("__ex_table", bytes(36), SHF_ALLOC, align=4)
    places = (40, 8, 24)
    relocs = [
        Rel(12 * number + 4 * field, RELATIVE, 1, place + field)
        for number, place in enumerate(places)
        for field in (0, 1)
    ]
    booted.init_module(module(parts=[entries], relocs={"__ex_table": relocs}))
    text, _ = memory(booted, "made", ".text")
    address, table = memory(booted, "made", "__ex_table")
    found = [
        (address + 12 * at + insn - text, address + 12 * at + 4 + fixup - text)
        for at, (insn, fixup, _) in enumerate(iter_unpack("<iii", table))
    ]
    assert found == [(8, 9), (24, 25), (40, 41)]


def test_init_discarding() -> None:
    booted = kernel()
    booted.behave("made", init_seconds=1)
    sizes: list[bytes] = []
    booted.notifiers.register(lambda *_: None)
    with booted.store.transaction():
        before = booted.store.execute("SELECT sum(size) FROM gap")[0][0]
    booted.init_module(module())
    sizes = [booted.read(f"/sys/module/made/{name}") for name in ("initsize", "coresize")]
    assert sizes[0] == b"0\n"
    with booted.store.transaction():
        behind = booted.store.execute("SELECT sum(size) FROM gap")[0][0]
    assert before - behind == int(sizes[1]) + 4096  # only core is taken, and a page between areas
    assert ".init.text" in booted.listdir("/sys/module/made/sections")  # the address stays to be seen


def test_struct_module_inside_the_module() -> None:
    booted = kernel()
    booted.init_module(module())
    _, struct = memory(booted, "made", ".gnu.linkonce.this_module")
    assert struct[24:].partition(b"\0")[0] == b"made"
    (init,) = unpack("<Q", struct[INIT_AT : INIT_AT + 8])
    (leave,) = unpack("<Q", struct[EXIT_AT : EXIT_AT + 8])
    text, _ = memory(booted, "made", ".text")
    assert leave == text
    assert init > text
    booted.init_module(module("stays", functions=["init_module"]))
    assert " [permanent], " in booted.read("/proc/modules").decode()
    with pytest.raises(Refused) as refused:
        booted.delete_module(b"stays")
    assert refused.value.errno == EBUSY


def test_the_road_not_taken_shared_objects() -> None:
    booted = kernel()
    shared = bytearray(module())
    shared[16:18] = pack("<H", 3)
    assert refusal(booted, bytes(shared)) == ENOEXEC
    assert texts(booted) == ["Invalid ELF header type: 3 != 1"]
