"""Mutants that the emulated kernel refuses: a real one refuses them too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pymodutils.elf import compress
from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.link.failure import OutOfBounds
from tests.kernel.emulated import whole
from tests.kernel.emulated.changed import names_in_what_changes
from tests.kernel.emulated.mutants import Mutator, unsigned
from tests.kernel.emulated.whole import inserted
from tests.lanes import qemu, uml
from tests.lanes.verdicts.normal import DUMP
from tests.link.modules import in_order, paths

pytestmark = [pytest.mark.lane, pytest.mark.slow]
MODULES = ("dummy", "vfat", "nls_utf8", "loop", "tcp_bbr", "macvlan")
EACH = 200
CMDLINE = "spectre_v2=on"  # so that it is known what the kernel thinks of the processor
POINTER = re.compile(  # hashed, as %p prints them, or addresses that differ from run to run
    r"(?<=loc )[0-9a-f]{16}|(?<=kobject: \()[0-9a-f]{16}|(?<=val )[0-9a-f]+"
)


def mutants(tree: str, booted: EmulatedKernel, folder: Path) -> int:
    """Write the mutants that ``booted`` refuses as the kernel would to ``folder``; return their number."""
    found: list[bytes] = []
    for seed, name in enumerate(MODULES):
        mutator = Mutator(unsigned(compress.read(str(paths(tree)[name]))), seed)
        found += [it for it in (mutator.mutant() for _ in range(EACH)) if refused(booted, it)]
    folder.mkdir()
    for number, data in enumerate(found):
        (folder / f"{number:05}").write_bytes(data)
    return len(found)


def refused(booted: EmulatedKernel, data: bytes) -> bool:
    """Whether the kernel refuses ``data``, and it is safe to try on a real one."""
    try:
        with booted.trial():
            booted.init_module(data)
    except OutOfBounds:
        return False
    except Refused:
        return not names_in_what_changes(data)
    return False


@pytest.mark.parametrize("name", ["uml", "cloud"])
def test_a_real_kernel_says_the_same(name: str, tmp_path: Path) -> None:
    description = whole.describe(name)
    needed = [path for path in in_order(name, MODULES) if path.stem.replace("-", "_") not in MODULES]
    booted, folder = EmulatedKernel.boot(description, cmdline=CMDLINE), tmp_path / "mutants"
    for path in needed:
        booted.init_module(compress.read(str(path)))
    assert mutants(name, booted, folder) > EACH
    call = ("tests.lanes.guest.mutants:main", [str(path) for path in needed], str(folder))
    theirs: list[Any] = (
        uml.run(*call, seconds=120)
        if name == "uml"
        else qemu.run(*call, files=[*needed, folder], cmdline=CMDLINE)
    )
    ours = [inserted(booted, path.read_bytes()) for path in sorted(folder.iterdir())]
    pairs = enumerate(zip(map(normal, ours), map(normal, theirs), strict=True))
    assert [(number, *pair) for number, pair in pairs if pair[0] != pair[1]] == []


def normal(verdict: list[Any]) -> tuple[int, list[str]]:
    """``verdict`` without stack dumps and printed pointers; one character for each byte of the log."""
    errno, lines = verdict or (0, [])
    bytewise = [
        line.encode("utf-8", "surrogateescape").decode("latin-1") for line in "\n".join(lines).split("\n")
    ]
    return errno, [POINTER.sub("POINTER", line) for line in bytewise if not DUMP.match(line)]
