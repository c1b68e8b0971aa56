"""Create the state file of a freshly booted emulated 2.4 kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.errors import BadKernel
from pymodutils.kern_levels import NOTICE
from pymodutils.kernel.emulated.state.database import MEMORY, StateFile, signed
from pymodutils.linux24 import machine as machines
from pymodutils.linux24.kernel import ksyms
from pymodutils.linux24.kernel.procfs import DIGITS, RELEASE, VERSION
from pymodutils.linux24.kernel.schema import LINUX24
from pymodutils.linux24.kernel.state import BASE, StoredKernel
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymodutils.linux24.kernel.state import ModuleSymbol
    from pymodutils.linux24.machine.model import ObjMachine

BOOTED: Final = "booted"  # seconds since the epoch


class BootConfig(NamedTuple):
    """The properties of a 2.4 kernel that its symbols do not determine."""

    release: str = "2.4.32"
    version: str = "#1"  # uname -v
    machine: str = ""  # name in modutils; "": that of the first module
    base: int = 0  # lowest module address; 0: the machine's default
    returns: Mapping[str, int] = {}  # results of init() by module


def make(
    path: str, symbols: Sequence[ModuleSymbol], digits: int, config: BootConfig, now: float
) -> StateFile:
    """Write a kernel that exports ``symbols`` to the file ``path``, replacing an existing one.

    Raises BadKernel for an unknown machine or one with shorter addresses than the symbols, BadState if the
    file cannot be written.
    """
    machine = _named(config.machine) if config.machine else None
    made = StateFile.create(LINUX24)
    with made.transaction():
        settings = {
            RELEASE: config.release,
            VERSION: config.version,
            BASE: signed(config.base),
            DIGITS: digits,
            BOOTED: now,
        }
        made.many("INSERT INTO setting VALUES (?, ?)", settings.items())
        made.many("INSERT INTO behaviour VALUES (?, ?)", config.returns.items())
        rows = [(signed(symbol.value), symbol.name) for symbol in symbols]
        made.many("INSERT INTO symbol (value, name) VALUES (?, ?)", rows)
        line = f"Linux version {config.release} {config.version}"
        if machine and not StoredKernel(made, lambda: now).settle(machine):
            bits = machine.arch.bits
            raise BadKernel(machine.name, f"a symbol is above the {bits}-bit addresses of {machine.name}")
        made.insert("INSERT INTO line (stamp, level, text) VALUES (?, ?, ?)", now, NOTICE, line)
    return made if path == MEMORY else made.replace(path)


def _named(name: str) -> ObjMachine:
    every: dict[str, ObjMachine] = {machine.name: machine for machine in reversed(list(machines.every()))}
    if name not in every:
        raise BadKernel(name, f"unknown machine '{name}': known are {', '.join(sorted(every))}")
    return every[name]


def read(path: str) -> tuple[list[ModuleSymbol], int]:
    """The symbols in the file ``path``, and the number of address digits; raises BadKernel."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", opener=opener) as found:
            return ksyms.read(found.read(), path)
    except OSError as error:
        raise BadKernel(path, f"could not open {path}: {error.strerror}", error.errno) from None
