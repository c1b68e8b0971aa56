"""Mutants that the emulated kernel accepts: a real one accepts them and shows the same."""

from __future__ import annotations

import json
from errno import EFAULT
from pathlib import Path
from typing import Any

import pytest

from pymodutils.elf import compress
from pymodutils.elf.scan import Elf
from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated import whole
from tests.kernel.emulated.mutants import Mutator, unsigned
from tests.lanes import uml
from tests.lanes.guest import taken
from tests.lanes.guest.insert import without_init
from tests.lanes.verdicts.emulated import Emulated
from tests.lanes.verdicts.normal import normal
from tests.link.modules import in_order, paths

pytestmark = [pytest.mark.lane, pytest.mark.slow]
MODULES = ("crc7", "nls_utf8", "libchacha", "fat", "tcp_bbr", "xt_comment", "ecb", "p8022")  # no parameters
EACH = 300
STRUCT, NAMED = ".gnu.linkonce.this_module", 80  # bytes up to the end of the name


class Bytes(Emulated):
    """The emulated kernel, with one character for each byte of the log, as read from a real one."""

    def log(self) -> list[tuple[int, str]]:
        return [
            (level, line.encode("utf-8", "surrogateescape").decode("latin-1"))
            for level, line in super().log()
        ]


def mutants(name: str, seed: int) -> list[bytes]:
    """Mutants of a module whose functions are not called, with struct module intact except for its name.

    The offsets of the other fields that the kernel copies depend on the configuration.
    """
    original = without_init(unsigned(compress.read(str(paths("uml")[name]))), whole.FUNCTIONS)
    own = next(it for it in Elf(original).sections if it.name == STRUCT)
    start, end = own.sh_offset + NAMED, own.sh_offset + own.sh_size
    mutator = Mutator(original, seed)
    found = (mutator.mutant() for _ in range(EACH))
    return [data[:start] + original[start:end] + data[end:] for data in found if len(data) >= end]


def is_taken(booted: EmulatedKernel, data: bytes) -> bool:
    """Whether ``booted`` loads ``data``, without calling any of its functions."""
    with booted.trial():
        try:
            booted.init_module(data)
        except Refused:
            return False
        return not any(booted.store.execute("SELECT init, exit FROM module ORDER BY id DESC LIMIT 1")[0])


def seen(outcome: dict[str, Any]) -> dict[str, Any]:
    """``outcome`` without contents that depend on addresses: notes that are code or tables."""
    found = normal(outcome)
    for files in found["sys"].values():
        for path in files:
            if path.startswith("/notes/"):
                files[path] = len(files[path])
    return found


def is_given_back(outcome: dict[str, Any]) -> bool:
    """Whether it shows notes in the freed init area: a real kernel may fault on them, and hang."""
    return any(f"errno {EFAULT}" in text for files in outcome["sys"].values() for text in files.values())


def test_a_real_kernel_takes_them_too(tmp_path: Path) -> None:
    needed = [path for path in in_order("uml", MODULES) if path.stem.replace("-", "_") not in MODULES]
    state = str(tmp_path / "state")
    booted = EmulatedKernel.boot(whole.describe("uml"), state)
    for path in needed:
        booted.init_module(path.read_bytes())
    every = [data for seed, name in enumerate(MODULES) for data in mutants(name, seed)]
    images = {f"{at:05}": data for at, data in enumerate(every) if is_taken(booted, data)}
    assert len(images) > len(MODULES)
    ours: dict[str, Any] = json.loads(json.dumps(taken.play(Bytes(state), images)))
    images = {number: data for number, data in images.items() if not is_given_back(ours[number])}
    folder = tmp_path / "taken"
    folder.mkdir()
    for number, data in images.items():
        (folder / number).write_bytes(data)
    call = ("tests.lanes.guest.taken:main", [str(path) for path in needed], str(folder))
    theirs = uml.run(*call, seconds=900)
    pairs = ((at, seen(ours[at]), seen(theirs[at])) for at in images)
    different = {at: (mine, real) for at, mine, real in pairs if mine != real}
    assert different == {}
