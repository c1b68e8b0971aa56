"""Reduce an outcome to what every run of the same kernel has in common."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from tests.lanes.verdicts.player import names_in

DUMP = re.compile(  # of a stack: registers, code and calls; their values are those of one run
    r"CPU: \d+ (?:UID: \d+ )?PID:|Hardware name:|Call Trace:|RIP: |Code: |RSP: |R[A-D0-9][X0-9PI ]: |[CDFEG]S: |CR2: "
    r"| ?<?/?TASK>| \? | \w[\w.]*\+0x|---\[ end trace| \[<|Stack:| [0-9a-f]{8}|Modules linked in:|Tainted: \["
    r"|-+\[ cut here \]|WARNING: (?:CPU: |\S+:\d+ at )|PKRU: "
)
# Of the machine, at any moment.
NOISE = re.compile(r"random: |clocksource: |hrtimer: |sched: |workqueue: |spurious 8259A ")
SYMBOL = re.compile(r"^([0-9a-f]{16}) (. \S*\t)\[(.*)\]$", re.MULTILINE)
AREA = 0x1000  # bytes at the begin of a module that are one area, wherever its others are
PLACE = re.compile(r" 0x[0-9a-f]+( \(|$)", re.MULTILINE)
# %p, and what depends on where a module is or on how many types the kernel has
HASHED = re.compile(
    r"(?<=\bloc )[0-9a-f]+, val [0-9a-f]+\b|(?<=loc |val |t: \()[0-9a-f]{16}\b|(?<=^BPF: \[)\d+"
)


def normal(outcome: dict[str, Any], *, apart: bool = False) -> dict[str, Any]:
    """``outcome`` of a step without differences between runs: addresses, stack dumps, unrelated lines.

    ``apart``: a module has seven areas at any addresses, so only offsets within pages are compared.
    """
    bases = _bases(outcome["modules"])
    return {
        **outcome,
        "text": SYMBOL.sub(partial(_symbol, bases), outcome["text"]),
        "log": [[level, HASHED.sub("HASH", line)] for level, line in outcome["log"] if _said(line)],
        "modules": PLACE.sub(r" 0x\1", outcome["modules"]),
        "sys": {
            name: _in_pages(tree) if apart else _relative(tree, bases[name])
            for name, tree in outcome["sys"].items()
        },
    }


def _said(line: str) -> bool:
    return not (DUMP.match(line) or NOISE.match(line))


def _bases(modules: str) -> dict[str, int]:
    """The core address of each module."""
    places = [int(at, 16) for at in re.findall(r" 0x([0-9a-f]+)(?: \(\S+)?$", modules, re.MULTILINE)]
    return dict(zip(names_in(modules), places, strict=True))


def _symbol(bases: dict[str, int], line: re.Match[str]) -> str:
    """A line of kallsyms with the offset from the start of the module, if in its first area.

    Absolute and per-cpu symbols keep their values.
    """
    if line[2].lower().startswith("a"):
        return line[0]
    distance = int(line[1], 16) - bases[line[3]]
    return f"{f'+{distance:#x}' if 0 <= distance < AREA else 'elsewhere'} {line[2]}[{line[3]}]"


def _in_pages(tree: dict[str, str]) -> dict[str, str]:
    """``tree`` with section addresses as offsets in their page."""
    return {
        path: f"400 {int(text.split()[1], 16) % AREA:#x}" if path.startswith("/sections/") else text
        for path, text in tree.items()
    }


def _relative(tree: dict[str, str], base: int) -> dict[str, str]:
    """``tree`` with section addresses as offsets in their area, core or init."""
    places = {path: int(text.split()[1], 16) for path, text in tree.items() if path.startswith("/sections/")}
    size = next((int(text.split()[1]) for path, text in tree.items() if path == "/coresize"), 0)
    init = min((place for place in places.values() if not base <= place <= base + size), default=0)
    return {
        path: f"400 {'core' if base <= places[path] <= base + size else 'init'}"
        f"+{places[path] - (base if base <= places[path] <= base + size else init):#x}"
        if path in places
        else text
        for path, text in tree.items()
    }
