"""Hostile modules, state files and descriptions: a verdict or a clear error."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice
from pathlib import Path
from struct import pack

import pytest

from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR
from pymodutils.errors import BadKernel, ModutilsError
from pymodutils.kernel import saved
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.link.failure import OutOfBounds
from pymodutils.names import of_path
from tests.kernel.emulated import barrage, whole
from tests.kernel.emulated.modules import ABSOLUTE, WRITE, Clock, description, kernel, module
from tests.kernel.emulated.mutants import all_over, unsigned
from tests.lanes.verdicts.editor import SECTION, Editor
from tests.link.modules import in_order, paths
from tests.link.objects import Part, Rel

SECONDS = 10  # for one mutant, on a machine with other things to do
QUICK, EACH, FILES = 400, 1000, 300
SMALL = ("dummy", "nls_utf8", "vfat", "tcp_bbr", "cuse", "crc7")


def rich() -> bytes:
    """A module with exports, imports, a parameter and per-CPU data."""
    parts = [
        Part("names", b"debug\0".ljust(16, b"\0"), WRITE),
        Part("__param", pack("<QQQHbBxxxxQ", 0, 0, 0, 0o644, -1, 0, 0), WRITE, align=8),
        Part(".data..percpu", bytes(32), WRITE, align=8),
    ]
    imports = ("_printk", "param_ops_int")
    first = 2 + len(imports) + 2 + 4  # the symbol of the first part: behind .text, functions and exports
    relocs = {"__param": [Rel(0, ABSOLUTE, first), Rel(16, ABSOLUTE, 3), Rel(32, ABSOLUTE, first, 8)]}
    return module(imports=imports, exports=["made_one"], gpl_exports=["made_two"], parts=parts, relocs=relocs)


def judged(booted: EmulatedKernel, data: bytes, seed: int, count: int) -> Counter[str]:
    found = barrage.confined(lambda: barrage.fire(booted, islice(all_over(data, seed), count)))
    assert found["slowest"] < SECONDS
    return Counter(found["seen"])


def test_some_hundred_mutants() -> None:
    booted, whole_one = kernel(), rich()
    booted.init_module(whole_one, b"debug=7")
    assert booted.read("/sys/module/made/parameters/debug") == b"7\n"
    booted.delete("made")
    seen = judged(booted, whole_one, 1, QUICK)
    assert seen.keys() >= {"taken", "OutOfBounds", "8", "2", "22"}


def test_contents_that_are_struct_modules() -> None:
    editor = Editor(rich())
    own, other = (editor.section(name) for name in (".gnu.linkonce.this_module", "names"))
    editor.put(SECTION, other, "sh_offset", editor.get(SECTION, own, "sh_offset") + 60)
    with pytest.raises(OutOfBounds, match="section names lies on struct module"):
        kernel().init_module(bytes(editor.data))


def test_struct_modules_that_are_code() -> None:
    editor = Editor(rich())
    editor.put(SECTION, editor.section(".gnu.linkonce.this_module"), "sh_flags", SHF_ALLOC | SHF_EXECINSTR)
    with pytest.raises(OutOfBounds, match="struct module is not writable"):
        kernel().init_module(bytes(editor.data))


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize("name", SMALL)
def test_six_thousand_mutants_of_real_modules(name: str) -> None:
    booted = EmulatedKernel.boot(whole.describe("cloud"))
    *needed, path = in_order("cloud", [name])
    for other in needed:
        booted.init_module(other.read_bytes())
    assert of_path(str(path)) == name
    seen = judged(booted, unsigned(paths("cloud")[name].read_bytes()), 2, EACH)
    assert seen.keys() >= {"taken", "OutOfBounds", "8"}


@pytest.mark.slow
def test_state_files_that_are_damaged(tmp_path: Path) -> None:
    """A one-line error, or a working kernel; never a traceback or a change to another file."""
    booted = kernel(str(tmp_path / "good"))
    booted.init_module(rich(), b"debug=7")
    booted.store.close()
    good = (tmp_path / "good").read_bytes()
    chance = random.Random(4)  # noqa: S311 -- cases, not secrets
    path, seen = tmp_path / "bad", Counter[str]()
    for _ in range(FILES):
        path.write_bytes(damaged(good, chance))
        seen[_used(str(path))] += 1
        assert sorted(it.name for it in tmp_path.iterdir()) == ["bad", "good"]
    assert seen.keys() == {"works", "refused"}
    assert (tmp_path / "good").read_bytes() == good


def damaged(data: bytes, chance: random.Random) -> bytes:
    copy = bytearray(data)
    kind = chance.randrange(4)
    if kind == 0:
        del copy[chance.randrange(len(copy)) :]
    elif kind == 1:
        start = 4096 * chance.randrange(len(copy) // 4096)
        copy[start : start + 4096] = chance.randbytes(4096)
    else:
        for _ in range(chance.choice((1, 10, 300))):
            copy[chance.randrange(100 if kind == 2 else len(copy))] = chance.randrange(256)
    return bytes(copy)


def _used(path: str) -> str:
    """Whether the kernel in ``path`` can be opened and every query succeeds."""
    try:
        booted = EmulatedKernel.open(path, clock=Clock())
        try:
            booted.exported()
            booted.log()
            booted.init_module(module("other"))
            booted.delete("made")
            booted.delete("other")
        finally:
            booted.store.close()
    except ModutilsError as error:
        return "refused" if "\n" not in str(error) else str(error)
    return "works"


def test_descriptions_that_are_damaged() -> None:
    """Refused as descriptions, or booted, so that a module gets a verdict."""
    good, chance = saved.dumps(description()).encode(), random.Random(5)  # noqa: S311 -- cases, not secrets
    seen = Counter[str]()
    for _ in range(QUICK):
        text = bytearray(good)
        for _ in range(chance.choice((1, 2, 5))):
            text[chance.randrange(len(text))] = chance.choice(b'0123456789"[]{}:,-enull\xff')
        seen[_booted(bytes(text))] += 1
    assert seen.keys() == {"BadKernel", "works", "Refused", "OutOfBounds"}


def _booted(text: bytes) -> str:
    try:
        booted = EmulatedKernel.boot(saved.loads(text, "k"), clock=Clock())
    except BadKernel as error:
        return "BadKernel" if "\n" not in str(error) else str(error)
    try:
        booted.init_module(rich())
    except ModutilsError as error:
        return type(error).__name__
    return "works"
