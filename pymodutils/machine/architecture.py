"""Differences between processors: one row each, in the folder named after the architecture."""

from __future__ import annotations

from enum import Enum, auto
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from pymodutils import arch as archs

if TYPE_CHECKING:
    from collections.abc import Callable
    from mmap import mmap

    from pymodutils.machine.clock import Clock
    from pymodutils.machine.cpu import Cpu
    from pymodutils.machine.protocol import BootProtocol, KernelStart


class Overflow(Enum):
    """What the last registers are for if a structure of two words does not fit into them."""

    LATER = auto()  # arguments after it
    NOTHING = auto()
    SPLIT = auto()  # its first word


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
    indirect: str  # of the place of a large structure that is returned; "" if that is the first argument
    by_address: bool  # how large structures are passed, instead of in memory
    overflow: Overflow
    unsigned_extended: bool  # whether 32 bits without a sign are passed as those with one
    frame: int  # bytes of a struct pt_regs
    passed: tuple[int, ...]  # offsets in it of the arguments of a system call
    directory: int  # O_DIRECTORY
    ends_block: bytes  # an instruction that never runs, but ends what is translated at once


class Architecture(NamedTuple):
    """A processor that kernels run on here."""

    machine: int  # e_machine
    cpu: Callable[[mmap, Clock, int], Cpu]
    base: Callable[[KernelStart], int]  # where a kernel has physical address 0 in the mapping of its image
    modules: Callable[[int], range]  # the addresses of modules, by that
    protocol: BootProtocol
    calls: KernelCalls
    checked: bool  # whether kernel.booted.checks knows it


def of(machine: int) -> Architecture:
    """The architecture with that e_machine, one of UNAMES; raises ModutilsError without unicorn."""
    folder = archs.of_machine(machine)[0].name
    found: Architecture = import_module(f"pymodutils.machine.{folder}").ARCHITECTURE
    return found
