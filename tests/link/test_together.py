"""PLT entries and stubs, made for many relocations at once and one by one: the same bytes."""

from __future__ import annotations

import random
from contextlib import ExitStack
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest

from benchmarks.archs import MACHINES
from pymodutils import arch
from pymodutils.arch.model import Arch
from pymodutils.elf import compress
from pymodutils.elf.scan import Elf
from pymodutils.link.failure import LinkError
from pymodutils.link.frob import frob
from pymodutils.link.image import Image
from pymodutils.link.layout import LayoutConfig, layout
from pymodutils.link.object import Object
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify, unheard
from tests.kernel.emulated.mutants import relocated
from tests.oracles.kernels import kernel

pytestmark = [pytest.mark.lane, pytest.mark.slow]
# machines whose makers answer for many at once
MADE = (
    "arm64",
    "armhf",
    "s390x",
    "ppc64el",
    "riscv64",
    "loong64",
)
LARGEST, SMALL, MUTANTS = 4, 8, 40
NEAR, FAR = 0x0140_0000, 0x1400_0000  # from the module to the kernel: what all branches reach, and none


class Machine(NamedTuple):
    """A machine and Debian's kernel for it."""

    arch: Arch
    config: LayoutConfig
    files: list[Path]  # the largest first

    @classmethod
    def called(cls, name: str) -> Machine:
        """The one with Debian's name ``name``."""
        debian = kernel(name)
        files = sorted(debian.modules.rglob("*.ko*"), key=lambda path: -path.stat().st_size)
        elf = Elf(compress.read(str(files[0])))
        machine = arch.of(MACHINES[name].e_machine, elf.bits, elf.order)
        return cls(machine, debian.layout(), files)

    def linked(self, data: bytes, way: int, *, together: bool) -> object:
        """The areas of the module ``data`` with the kernel ``way`` bytes above, or the refusal."""
        with ExitStack() as stack:
            if not together:
                stack.enter_context(mock.patch.object(self.arch.builder, "together", return_value=None))
            try:
                return self._linked(data, way)
            except LinkError as error:
                return type(error), error.errno, error.log, error.where, str(error)

    def _linked(self, data: bytes, way: int) -> list[bytes]:
        module = frob(Object(data, Elf(data).sections, self.arch), self.config, "module")
        base = self.arch.memory.low
        image = Image(module, layout(module, self.config), (base, base + NEAR // 2))
        addresses = count(base + way, 48)
        relocate(
            image, simplify(image, "module", lambda _: next(addresses), unheard, percpu=base + way), "module"
        )
        return [bytes(area) for area in image.memory]


@pytest.mark.parametrize("name", MADE)
def test_real_modules(name: str) -> None:
    machine = Machine.called(name)
    for path in machine.files[:LARGEST]:
        data = compress.read(str(path))
        found = [
            [machine.linked(data, way, together=together) for together in (True, False)]
            for way in (NEAR, FAR)
        ]
        assert all(isinstance(one, list) for pair in found for one in pair), (path, found)
        assert found[0][0] == found[0][1], path
        assert found[1][0] == found[1][1], path


@pytest.mark.parametrize("name", MADE)
def test_modules_that_lie(name: str) -> None:
    machine = Machine.called(name)
    chance = random.Random(name)  # noqa: S311 -- cases, not secrets
    outcomes: set[object] = set()
    for path in machine.files[-SMALL:]:
        original = compress.read(str(path))
        for data in islice(relocated(original, chance), MUTANTS):
            way = chance.choice((NEAR, FAR))
            together, alone = (machine.linked(data, way, together=how) for how in (True, False))
            assert together == alone, path
            outcomes.add(alone[0] if isinstance(alone, tuple) else "linked")
    assert len(outcomes) > 1
