"""PLT entries and stubs, executed by an emulated processor.

Every call of a module, in core and init code, has to reach its target.
"""

from __future__ import annotations

from errno import ENOEXEC
from typing import NamedTuple

import pytest
import unicorn
from unicorn import arm64_const, arm_const, ppc_const, riscv_const, s390x_const

from pymodutils.arch.arm import ARM
from pymodutils.arch.arm64 import ARM64, ARM64_BIG
from pymodutils.arch.powerpc import PPC
from pymodutils.arch.riscv import RISCV64
from pymodutils.arch.s390 import S390
from pymodutils.link.failure import LinkError
from tests.arch.calls import Called, Caller, called
from tests.arch.linkers import LOW

PAGE, LONGEST = 0x1000, 16  # bytes; instructions of a call
WIDE = 3 << 31  # of the program status word: addresses of 64 bits
NEAR = [LOW + way + 0x1_357C * at for at in range(1, 21) for way in (-0x2000_0000, 0x3000_0000)]
FAR = [target + (5 << 40) for target in NEAR]
BL = 0x4800_0001.to_bytes(4, "big")


class Machine(NamedTuple):
    """A module whose calls run in unicorn."""

    caller: Caller
    cpu: tuple[int, int]
    pc: int
    link: int  # the register with the way back
    length: int  # bytes of the call
    targets: list[int]
    thumb: int = 0


ARM64_REGISTERS = (arm64_const.UC_ARM64_REG_PC, arm64_const.UC_ARM64_REG_LR)
ARM_REGISTERS = (arm_const.UC_ARM_REG_PC, arm_const.UC_ARM_REG_LR)
PPC_REGISTERS = (ppc_const.UC_PPC_REG_PC, ppc_const.UC_PPC_REG_LR)
S390_REGISTERS = (s390x_const.UC_S390X_REG_PC, s390x_const.UC_S390X_REG_R14)
RISCV_REGISTERS = (riscv_const.UC_RISCV_REG_PC, riscv_const.UC_RISCV_REG_RA)
A64 = (unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
Z = (unicorn.UC_ARCH_S390X, unicorn.UC_MODE_BIG_ENDIAN)
BIG = unicorn.UC_MODE_BIG_ENDIAN
BRASL = (bytes.fromhex("c0e500000000"), ((2, 20, 2),))
CALL26 = (0x9400_0000.to_bytes(4, "little"), ((0, 283, 0),))

MACHINES = [
    Machine(Caller(ARM64, *CALL26), A64, *ARM64_REGISTERS, 4, NEAR),
    Machine(Caller(ARM64_BIG, *CALL26, name="big"), A64, *ARM64_REGISTERS, 4, NEAR),
    Machine(
        Caller(ARM, bytes.fromhex("feffffeb"), ((0, 28, 0),)),
        (unicorn.UC_ARCH_ARM, unicorn.UC_MODE_ARM),
        *ARM_REGISTERS,
        4,
        NEAR,
    ),
    Machine(
        Caller(ARM, bytes.fromhex("fff7feff"), ((0, 10, 0),), "Thumb-2", options={"THUMB2_KERNEL": "y"}),
        (unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB),
        *ARM_REGISTERS,
        4,
        NEAR,
        thumb=1,
    ),
    Machine(Caller(S390, *BRASL), Z, *S390_REGISTERS, 6, FAR),
    Machine(Caller(S390, *BRASL, "no expoline", options={"EXPOLINE": "n"}), Z, *S390_REGISTERS, 6, FAR),
    Machine(
        Caller(PPC, BL, ((0, 10, 0),)),
        (unicorn.UC_ARCH_PPC, unicorn.UC_MODE_PPC32 | BIG),
        *PPC_REGISTERS,
        4,
        NEAR,
    ),
    Machine(
        Caller(RISCV64, bytes.fromhex("97000000e7800000"), ((0, 19, 0),)),
        (unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV64),
        *RISCV_REGISTERS,
        8,
        FAR,
    ),
]


def powered(machine: Machine, made: Called) -> unicorn.Uc:
    """A processor with the module in its memory."""
    cpu = unicorn.Uc(*machine.cpu)
    if machine.caller.arch is S390:
        cpu.reg_write(s390x_const.UC_S390X_REG_PSWM, WIDE)
    pages = {target & -PAGE for target in made.goals.values()}
    for base, content in made.areas:
        pages |= set(range(base & -PAGE, base + len(content), PAGE))
    for page in pages:
        cpu.mem_map(page, PAGE)
        cpu.mem_write(page, b"\7" * PAGE)
    for base, content in made.areas:
        cpu.mem_write(base, content)
    return cpu


@pytest.mark.parametrize("machine", MACHINES, ids=lambda one: f"{one.caller.arch.name} {one.caller.name}")
def test_calls_arrive(machine: Machine) -> None:
    targets = [target | machine.thumb for target in machine.targets]
    made = called(machine.caller, LOW, targets)
    cpu = powered(machine, made)
    for start, goal in made.goals.items():
        cpu.emu_start(start | machine.thumb, goal & ~machine.thumb, count=LONGEST)
        assert cpu.reg_read(machine.pc) == goal & ~machine.thumb, hex(start)
        assert cpu.reg_read(machine.link) == start + machine.length | machine.thumb


def test_ftrace_is_reached_through_entries_of_its_own() -> None:
    kernel = {name: NEAR[at] for at, name in enumerate(ARM.calls)}
    arm = next(one for one in MACHINES if one.caller.arch is ARM and not one.thumb)
    made = called(arm.caller, LOW, [*NEAR[2:], *kernel.values()], kernel)
    cpu = powered(arm, made)
    entries = {NEAR[0]: made.address(".plt"), NEAR[1]: made.address(".init.plt") + 4}
    for start, goal in made.goals.items():
        if goal in entries:
            cpu.emu_start(start, entries[goal], count=1)
            assert cpu.reg_read(arm.pc) == entries[goal]
        cpu.emu_start(start, goal, count=LONGEST)
        assert cpu.reg_read(arm.pc) == goal
    powerpc = next(one for one in MACHINES if one.caller.arch is PPC)
    made = called(powerpc.caller, LOW, NEAR[:2], {"ftrace_caller": NEAR[4]})
    cpu = powered(powerpc, made._replace(goals={0: NEAR[4]}))
    cpu.emu_start(made.address(".plt") + 16, NEAR[4], count=LONGEST)  # behind the only call of what stays
    assert cpu.reg_read(powerpc.pc) == NEAR[4]


@pytest.mark.parametrize("release", [(6, 1), (6, 5)], ids=["6.1", "6.5"])
def test_what_is_configured_decides_what_is_made(release: tuple[int, int]) -> None:
    caller = MACHINES[0].caller
    without = caller._replace(options={"ARM64_MODULE_PLTS": "n"}, release=release)
    if release < (6, 5):
        with pytest.raises(LinkError, match="overflow in relocation type 283") as failure:
            called(without, LOW, NEAR)
        assert failure.value.errno == ENOEXEC
    else:
        assert called(without, LOW, NEAR).areas == called(caller, LOW, NEAR).areas


def test_slots_hold_addresses() -> None:
    lgrl = Caller(S390, bytes.fromhex("c41800000000"), ((2, 26, 2),))
    machine = MACHINES[4]._replace(caller=lgrl, length=6)
    made = called(lgrl, LOW, FAR)
    cpu = powered(machine, made)
    for start, goal in made.goals.items():
        cpu.emu_start(start, start + 6)
        assert cpu.reg_read(s390x_const.UC_S390X_REG_R1) == goal
    load = Caller(RISCV64, bytes.fromhex("1703000003330300"), ((0, 20, 0),), labels=((4, 24),))
    machine = MACHINES[-1]._replace(caller=load)
    made = called(load, LOW, FAR)
    cpu = powered(machine, made)
    for start, goal in made.goals.items():
        cpu.emu_start(start, start + 8)
        assert cpu.reg_read(riscv_const.UC_RISCV_REG_T1) == goal
