"""ESR_EL1 and FAR_EL1 of an exception taken by a hook; unicorn has them only in its private state.

They are searched for in a saved context after aborts at known addresses; without them, no kernel runs.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from struct import pack, unpack_from
from typing import Any, Final, NamedTuple

from unicorn import arm64_const as arm

from pymodutils.errors import ModutilsError
from pymodutils.machine.arm64.registers import AARCH64, EL1H, MASKED, NON_SECURE, SYSTEM
from pymodutils.machine.engine import uc, unicorn

BEFORE: Final = 8  # bytes from the syndrome to the address
# What the self-test runs: a load and a store at X0, by page tables that map the first page only
LOAD_STORE: Final = bytes.fromhex("010040f9 010000f9")
CODE, TABLES, MEMORY = 0x0, 0x1000, 0x6000
TABLE, PAGE_ENTRY = 3, 0x703
TCR: Final = 16 | 16 << 16 | 2 << 30  # 48 bits of addresses, pages of 4 KiB
PROBES: Final = (  # offset of the instruction, address, ESR_EL1: Arm ARM, D24.2.40
    (0, 0x1234_5678_9000, 0x96000004),
    (4, 0x1234_56A9_8008, 0x96000044),
    (0, 0x0000_0200_0008, 0x96000006),
)


class Syndrome(NamedTuple):
    """ESR_EL1 and FAR_EL1 of an exception."""

    esr: int
    far: int

    @classmethod
    def of(cls, cpu: unicorn.Uc) -> Syndrome:
        """The syndrome of the exception that stopped ``cpu``; raises ModutilsError as ``check``."""
        place = _place()
        return cls(*unpack_from("<I4xQ", _context(cpu), place - BEFORE))


def check() -> None:
    """Raise ModutilsError if this unicorn's state does not contain the syndrome."""
    _place()


@lru_cache(maxsize=1)
def _place() -> int:
    """The offsets in a saved context that have the address of an abort."""
    cpu = _probe()
    found: set[int] | None = None
    for offset, address, esr in PROBES:
        cpu.reg_write(arm.UC_ARM64_REG_X0, address)
        cpu.emu_start(CODE + offset, CODE + len(LOAD_STORE))
        held, wanted = _context(cpu), pack("<Q", address)
        places = {at for at in range(BEFORE, len(held) - BEFORE, 8) if held[at : at + 8] == wanted}
        places = {at for at in places if unpack_from("<I", held, at - BEFORE)[0] == esr}
        found = places if found is None else found & places
    if found is None or len(found) != 1:
        raise ModutilsError(
            "unicorn",
            f"unicorn {unicorn.__version__} does not tell why arm64 code stopped: install unicorn==2.1.4",
        )
    return found.pop()


def _probe() -> unicorn.Uc:
    """A processor with its MMU on that stops at aborts."""
    cpu = unicorn.Uc(uc.UC_ARCH_ARM64, uc.UC_MODE_ARM)
    cpu.ctl_set_cpu_model(arm.UC_CPU_ARM64_A57)
    cpu.mem_map(0, MEMORY)
    cpu.mem_write(CODE, LOAD_STORE)
    for level in range(3):
        cpu.mem_write(TABLES + 0x1000 * level, pack("<Q", TABLES + 0x1000 * (level + 1) | TABLE))
    cpu.mem_write(TABLES + 0x3000, pack("<Q", CODE | PAGE_ENTRY))
    cpu.hook_add(uc.UC_HOOK_INTR, lambda *_: cpu.emu_stop())
    cpu.reg_write(arm.UC_ARM64_REG_PSTATE, MASKED | EL1H)
    for name, value in (
        *(("SCR_EL3", NON_SECURE), ("HCR_EL2", AARCH64), ("MAIR_EL1", 0xFF), ("TCR_EL1", TCR)),
        *(
            ("TTBR0_EL1", TABLES),
            ("TTBR1_EL1", TABLES),
            ("SCTLR_EL1", cpu.cpr_read(*SYSTEM["SCTLR_EL1"]) | 1),
        ),
    ):
        cpu.cpr_write(*SYSTEM[name], value)
    return cpu


def _context(cpu: unicorn.Uc) -> bytes:
    context: Any = cpu.context_save()
    place = ctypes.cast(context._context, ctypes.c_void_p).value or 0  # noqa: SLF001 -- nothing else has it
    return ctypes.string_at(place, context.size)
