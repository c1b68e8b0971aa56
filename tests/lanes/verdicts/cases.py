"""Cases in cases/*.txt: each a name and steps that begin without any module.

    name of the case: step
        another step

A step is a verb with words:

| step                                       | what is done                                                  |
|--------------------------------------------|---------------------------------------------------------------|
| `insert FILE DAMAGE... [-- PARAMETERS]`    | init_module                                                   |
| `finsert FLAGS FILE DAMAGE... [-- PARAMETERS]` | finit_module                                              |
| `descriptor KIND FILE`                        | finit_module of a descriptor: player.DESCRIPTORS              |
| `delete NAME [FLAGS]`                      | delete_module; without flags O_NONBLOCK                       |
| `start STEP`                               | the step in a thread; it waits until that sleeps or has ended |
| `join`                                     | until the oldest such thread has ended                        |
| `get NAME`, `put NAME`                     | take and drop a reference (of ``held``)                       |
| `read PATH`, `write PATH TEXT`             | files of the kernel                                           |
| `symbols NAME`                             | the lines of /proc/kallsyms about a module                    |

FILE is one of sources/ or, as ``tree/NAME``, of the kernel's own modules. ``{X*N}`` is N times X.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).with_name("cases")


class Case(NamedTuple):
    """A unique name, and the steps."""

    name: str
    steps: tuple[str, ...]


def read(*names: str) -> list[Case]:
    """All cases of the files ``names``, in order."""
    found: list[Case] = []
    for name in names:
        for line in (FOLDER / f"{name}.txt").read_text("ascii").splitlines():
            if line.startswith(" "):
                found[-1] = Case(found[-1].name, (*found[-1].steps, *_steps(line)))
            elif line and not line.startswith("#"):
                title, _, steps = line.partition(": ")
                found.append(Case(title, _steps(steps)))
    return found


def _steps(text: str) -> tuple[str, ...]:
    steps = (step.strip() for step in text.split(" ; "))
    return tuple(re.sub(r"\{(.+?)\*(\d+)\}", lambda m: m[1] * int(m[2]), step) for step in steps)


def files(cases: list[Case]) -> set[str]:
    """The names of the kernel's own modules that ``cases`` need."""
    return {word for case in cases for step in case.steps for word in re.findall(r"\btree/(\S+)", step)}
