"""What differs between processors: one row each, in the folder named like the architecture."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.machine import UNAMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from mmap import mmap

    from pymodutils.machine.clock import Clock
    from pymodutils.machine.cpu import Cpu
    from pymodutils.machine.protocol import BootProtocol

FOLDERS: Final = {machine: f"pymodutils.machine.{name}" for machine, name in UNAMES.items()}


class KernelCalls(NamedTuple):
    """How C functions and system calls are called.

    ``thread`` is the code of ``int thread(struct block *)``: set the state, put the words of the stack on the
    stack, load the registers, call the function, keep the result, set the state. The structure is
    ``{ u64 state, function, result[2], registers[], more, stack[more]; }``.
    """

    registers: tuple[str, ...]  # of arguments
    thread: bytes
    after_call: int  # offset in ``thread`` of what follows the call
    system_call: str  # prefix of the functions that take a struct pt_regs
    frame: int  # bytes of a struct pt_regs
    passed: tuple[int, ...]  # offsets in it of the arguments of a system call
    ends_block: bytes  # an instruction that never runs, but ends what is translated at once


class Architecture(NamedTuple):
    """A processor that kernels run on here."""

    machine: int  # e_machine
    cpu: Callable[[mmap, Clock, int], Cpu]
    base: Callable[[bytes], int]  # where a kernel has physical address 0 in the mapping of its image
    modules: Callable[[int], range]  # the addresses of modules, by that
    protocol: BootProtocol
    calls: KernelCalls


def of(machine: int) -> Architecture:
    """The architecture with that e_machine, one of UNAMES; raises ModutilsError without unicorn."""
    found: Architecture = import_module(FOLDERS[machine]).ARCHITECTURE
    return found
