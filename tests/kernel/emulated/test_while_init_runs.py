"""The view of another process while init() runs; Documentation/filesystems/proc.rst, kernel/kallsyms.c."""

from __future__ import annotations

from pathlib import Path

from pymodutils.kernel.base import State
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.modules import CODE, WRITE, kernel, module
from tests.kernel.emulated.test_wait import SecondLoad
from tests.link.objects import Part

PARTS = [Part(".data.own", bytes(8), WRITE, align=8), Part(".init.more", b"\x90" * 8, CODE)]

Symbols = dict[str, tuple[int, str]]


def symbols(booted: EmulatedKernel) -> Symbols:
    """The address and the type of each symbol of the module."""
    lines = booted.read("/proc/kallsyms").decode().splitlines()
    rows = (line.replace("\t", " ").split(" ") for line in lines if line.endswith("\t[made]"))
    return {name: (int(address, 16), kind) for address, kind, name, _ in rows}


def seen_during_init(tmp_path: Path) -> tuple[EmulatedKernel, Symbols, str, str]:
    """The kernel afterwards; the symbols, and the lines of /proc/modules and initstate while init() runs."""
    path = str(tmp_path / "kernel.state")
    kernel(path=path).behave("made", init_seconds=2)
    seen: list[tuple[Symbols, str, str]] = []

    def look() -> None:
        second = EmulatedKernel.open(path, clock=clock)
        assert second.state("made") is State.COMING
        lines = second.read("/proc/modules").decode()
        seen.append((symbols(second), lines, second.read("/sys/module/made/initstate").decode()))

    clock = SecondLoad(look)
    booted = EmulatedKernel.open(path, clock=clock)
    booted.init_module(module(exports=["open_call"], gpl_exports=["gpl_call"], parts=PARTS))
    return booted, *seen[0]


def test_all_symbols_are_there_until_init_has_ended(tmp_path: Path) -> None:
    booted, during, _, _ = seen_during_init(tmp_path)
    after = symbols(booted)
    gone = {"init_module", "in_init_more", "_printk"}  # what is freed, and what is not its own
    assert gone <= during.keys()
    assert after == {name: found for name, found in during.items() if name not in gone}
    assert {name: kind for name, (_, kind) in after.items()} == {
        "text": "t",
        "cleanup_module": "t",
        "open_call": "T",
        "gpl_call": "t",
        "in_data_own": "d",
        "__kstrtab_open_call": "r",
        "__kstrtab_gpl_call": "r",
    }
    assert [during[name][1] for name in sorted(gone)] == ["u", "t", "t"]
    assert during["init_module"][0] % 16 == 0
    assert during["init_module"][0] not in range(after["text"][0], after["text"][0] + 64)


def test_it_is_loading_with_its_init_part(tmp_path: Path) -> None:
    booted, _, during, state = seen_during_init(tmp_path)
    after = booted.read("/proc/modules").decode()
    assert during.split()[2:5] == ["1", "-", "Loading"]
    assert after.split()[2:5] == ["0", "-", "Live"]
    assert (state, booted.read("/sys/module/made/initstate")) == ("coming\n", b"live\n")
    assert int(during.split()[1]) > int(after.split()[1])
    assert during.split()[5] == after.split()[5]
