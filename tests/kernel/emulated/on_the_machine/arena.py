"""Mutants of a kernel's own modules, given to the real kernel and to the emulated one in a worker process."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Final, NamedTuple

from pymodutils.elf import compress
from tests.kernel.emulated import mutants
from tests.kernel.emulated.changed import names_in_what_changes, relocated_fields
from tests.kernel.emulated.on_the_machine.machine import Machine
from tests.kernel.emulated.on_the_machine.ours import Ours
from tests.kernel.emulated.on_the_machine.outcome import Outcome, same
from tests.kernel.emulated.on_the_machine.places import bases
from tests.kernel.emulated.test_mutants_in_kernels import CMDLINE, MODULES
from tests.kernel.emulated.whole import FUNCTIONS, describe
from tests.lanes.guest.insert import without_init
from tests.lanes.verdicts.lanes import FLAVOURS
from tests.link.modules import in_order, paths
from tests.oracles import kernels

EACH: Final = 200  # mutants of a seed


class Case(NamedTuple):
    """A mutant: number ``number`` of the ``seed``, which chooses the module and the generator."""

    seed: int
    number: int

    @property
    def module(self) -> str:
        """The name of the module that is damaged."""
        return MODULES[self.seed % len(MODULES)]

    def __str__(self) -> str:
        return f"{self.module} {self.seed}/{self.number}"


class Difference(NamedTuple):
    """Both results of a case; the real one is empty if the worker died."""

    case: Case
    ours: Outcome | None
    theirs: Outcome | None


class Arena:
    """Both kernels of ``name`` in lanes.FLAVOURS, with the dependencies of the modules."""

    def __init__(self, name: str) -> None:
        self.files = paths(name)
        order = in_order(name, MODULES)
        needed = [compress.read(str(it)) for it in order if it not in [self.files[one] for one in MODULES]]
        image = str(kernels.kernel(FLAVOURS[name]).image)
        self.machine, self.ours = Machine(image, CMDLINE, needed), Ours(describe(name), CMDLINE, needed)
        self.fields = {module: relocated_fields(self.original(module)) for module in MODULES}
        self.ours.kernel.bases = {
            area: base
            for module in MODULES
            for area, base in bases(self.machine, self.ours.kernel, module, self.original(module)).items()
        }

    def differences(self, seed: int, count: int = EACH) -> Iterator[Difference]:
        """Run the first ``count`` mutants of ``seed``; a worker that dies is replaced."""
        number = 0
        while number < count:
            for found in self._worker(seed, number, count):
                number += 1
                if found:
                    yield found
            if number < count:
                yield Difference(Case(seed, number), None, None)
                number += 1

    def _worker(self, seed: int, first: int, count: int) -> Iterator[Difference | None]:
        """The results of a worker for each mutant from number ``first`` on, until it ends."""
        out, into = os.pipe()
        child = os.fork()
        if not child:
            with suppress(BaseException):
                os.close(out)
                for number, data in enumerate(islice(self.mutants(seed), first, count), first):
                    found = self.play(Case(seed, number), data)
                    os.write(into, json.dumps(found and found[1:]).encode() + b"\n")
            os._exit(0)
        os.close(into)
        try:
            with os.fdopen(out) as pipe:
                for number, line in enumerate(pipe, first):
                    said = json.loads(line)
                    yield Difference(Case(seed, number), *(Outcome(*it) for it in said)) if said else None
        finally:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def play(self, case: Case, data: bytes) -> Difference | None:
        """The differences for ``data``."""
        if names_in_what_changes(data) or relocated_fields(data) - self.fields[case.module]:
            return None
        ours = self.ours.insert(data)
        if ours is None:
            return None
        theirs = self.machine.insert(data)
        return None if same(ours, theirs) else Difference(case, ours, theirs)

    def mutants(self, seed: int) -> Iterator[bytes]:
        """The mutants of ``seed``: any damage, only in relocations, or any without functions."""
        data = self.original(Case(seed, 0).module)
        chance = random.Random(seed)  # noqa: S311 -- cases, not secrets
        makers = (
            lambda: mutants.all_over(data, seed),
            lambda: mutants.relocated(data, chance),
            lambda: mutants.all_over(without_init(data, FUNCTIONS), seed),
        )
        return makers[seed // len(MODULES) % len(makers)]()

    def original(self, module: str) -> bytes:
        """The whole module, without a signature."""
        return mutants.unsigned(compress.read(str(self.files[module])))
