"""Modules with PLT entries and stubs, for GNU objdump to disassemble, on machines that unicorn lacks.

The few instructions in stubs are interpreted here.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from pymodutils.arch.alpha import ALPHA
from pymodutils.arch.ia64 import IA64
from pymodutils.arch.loongarch import LOONGARCH
from pymodutils.arch.model import Arch
from pymodutils.arch.parisc import PARISC, PARISC64
from pymodutils.arch.powerpc64 import PPC64, PPC64_BIG
from tests.arch import keep
from tests.arch.calls import Called, Caller, called
from tests.arch.linkers import LOW
from tests.oracles import binutils

LINE = re.compile(r"^ *([0-9a-f]+):\t(?:[0-9a-f]{2,8} )+ *\t(.*)", re.MULTILINE)
BUNDLED = re.compile(r"\[\w+\]\s+|;;")  # what is said of bundles, not of instructions
LONGEST = 16  # instructions of a call
NEAR = [LOW + way + 0x1_3570 * at for at in range(1, 21) for way in (-0x2000_0000, 0x3000_0000)]
FAR = [target + (5 << 40) for target in NEAR]
AGAIN = 4  # of the targets, which need no stub of their own
BESIDE = [LOW + 0x8_0000, LOW - 0x8_0000]  # which calls reach
V1_BEHIND = 32, 40  # where a stub's copy of a descriptor has address and TOC
KEPT = "stubs"


class Cpu:
    """A minimal processor that executes calls."""

    def __init__(self, made: Called, pc: int, **registers: int) -> None:
        self.areas, self.order, self.pc = made.areas, made.image.module.arch.order, pc
        self.registers = registers
        self.loads: list[int] = []

    def set(self, register: str, value: int) -> None:
        """Set ``register`` to ``value``."""
        self.registers[register] = value & (1 << 64) - 1

    def load(self, register: str, address: int) -> None:
        """Load ``register`` from the eight bytes at ``address``."""
        self.loads.append(address)
        base, memory = next(area for area in self.areas if area[0] <= address < area[0] + len(area[1]))
        self.set(register, int.from_bytes(memory[address - base :][:8], self.order))

    def go(self, address: int) -> None:
        """Continue at ``address``."""
        self.pc = address


Insns = Mapping[str, Callable[..., None]]
POWER: Insns = {
    r"bl +0x(\w+)": lambda cpu, to: cpu.go(int(to, 16)),
    r"addis +(r\d+),(r\d+),(\S+)": lambda cpu, d, a, i: cpu.set(d, cpu.registers[a] + (int(i) << 16)),
    r"addi +(r\d+),(r\d+),(\S+)": lambda cpu, d, a, i: cpu.set(d, cpu.registers[a] + int(i)),
    r"std +r2,(?:24|40)\(r1\)": lambda _: None,
    r"ld +(r\d+),(\S+)\((r\d+)\)": lambda cpu, d, i, a: cpu.load(d, cpu.registers[a] + int(i)),
    r"mtctr +(r\d+)": lambda cpu, a: cpu.set("ctr", cpu.registers[a]),
    r"bctr": lambda cpu: cpu.go(cpu.registers["ctr"]),
}
LOONG: Insns = {
    r"bl\s+.*# 0x(\w+)": lambda cpu, to: cpu.go(int(to, 16)),
    r"lu12i.w\s+(\S+), (-?\d+)\(.*": lambda cpu, d, i: cpu.set(d, int(i) << 12),
    r"lu32i.d\s+(\S+), (-?\d+)\(.*": lambda cpu, d, i: cpu.set(
        d, cpu.registers[d] & 0xFFFF_FFFF | int(i) << 32
    ),
    r"lu52i.d\s+(\S+), \1, (-?\d+)(?:\(.*)?": lambda cpu, d, i: cpu.set(
        d, cpu.registers[d] & (1 << 52) - 1 | int(i) << 52
    ),
    r"jirl\s+\$zero, (\S+), (-?\d+)\(.*": lambda cpu, a, i: cpu.go(cpu.registers[a] + int(i)),
}
HPPA: Insns = {
    r"b,l 0x(\w+),r(?:p|2)": lambda cpu, to: cpu.go(int(to, 16)),
    r"ldil L%(\w+),(r1)": lambda cpu, i, d: cpu.set(d, int(i, 16)),
    r"be,n (\w+)\(sr4,(r1)\)": lambda cpu, i, a: cpu.go(cpu.registers[a] + int(i, 16)),
    r"ldd (\w+)\((dp)\),(dp)": lambda cpu, i, a, d: cpu.load(d, cpu.registers[a] + int(i, 16)),
}
ITANIUM: Insns = {
    r"nop.*": lambda _: None,
    r"movl r1=0x(\w+)": lambda cpu, i: cpu.set("r1", int(i, 16)),
    r"brl?\.(?:call|many)\S* .*?0x(\w+)": lambda cpu, to: cpu.go(int(to, 16)),
}
DEC: Insns = {
    r"ldah\t(\w+),(-?\d+)\((\w+)\)": lambda cpu, d, i, a: cpu.set(d, cpu.registers[a] + (int(i) << 16)),
    r"lda\t(\w+),(-?\d+)\((\w+)\)": lambda cpu, d, i, a: cpu.set(d, cpu.registers[a] + int(i)),
    r"ldq\t(\w+),(-?\d+)\((\w+)\)": lambda cpu, d, i, a: cpu.load(d, cpu.registers[a] + int(i)),
}


def _arrives(goal: int, cpu: Cpu) -> bool:
    return cpu.pc == goal


def _loads_a_descriptor(_: int, cpu: Cpu) -> bool:
    """Whether the stub loads both words after it; its first load determines its address."""
    return cpu.loads == [cpu.loads[0] - V1_BEHIND[0] + way for way in V1_BEHIND]


class Machine(NamedTuple):
    """A module whose calls are interpreted."""

    caller: Caller
    cpu: str  # objdump's name
    insns: Insns
    targets: list[int] = FAR
    arrived: Callable[[int, Cpu], bool] = _arrives  # by the goal

    @property
    def name(self) -> str:
        """The architecture with its byte order."""
        return f"{self.caller.arch.name} {self.caller.arch.order}"

    def called(self) -> Called:
        """The module, linked."""
        return called(self.caller, LOW, [*self.targets, *self.targets[:AGAIN]])

    def read(self, folder: Path) -> list[str]:
        """The memory of the module, in which each call reaches its target according to objdump."""
        lost = [hex(goal) for goal, cpu in ways(self, folder) if not self.arrived(goal, cpu)]
        assert not lost, self.name
        return memory(self.called())


def memory(made: Called) -> list[str]:
    """Its areas."""
    return [content.hex() for _, content in made.areas]


def kept(machine: Machine) -> list[str]:
    """The memory verified by ``read``."""
    found: dict[str, list[str]] = keep.read(KEPT)
    return found[machine.name]


def insns(arch: Arch, *words: int) -> bytes:
    return b"".join(word.to_bytes(4, arch.order) for word in words)


BL_NOP = (0x4800_0001, 0x6000_0000)
BUNDLE = bytes.fromhex("11000000010000000002000008000050")  # nop.m, nop.i, br.call
CALLS_HP = (insns(PARISC, 0xE800_A000, 0x0800_0240), ((0, 74, 0),))
GP_LITERAL = insns(ALPHA, 0x27BB_0000, 0x23BD_0000, 0xA43D_0000)  # ldah gp; lda gp; ldq t0
MACHINES = (
    Machine(Caller(PPC64, insns(PPC64, *BL_NOP), ((0, 10, 0),)), "powerpc:common64", POWER),
    Machine(
        Caller(PPC64_BIG, insns(PPC64_BIG, *BL_NOP), ((0, 10, 0),)),
        *("powerpc:common64", POWER, FAR, _loads_a_descriptor),
    ),
    Machine(
        Caller(LOONGARCH, insns(LOONGARCH, 0x5400_0000), ((0, 66, 0),)),
        *("loongarch64", LOONG, [*FAR, *BESIDE]),
    ),
    Machine(Caller(PARISC, *CALLS_HP), "hppa2.0", HPPA, [*NEAR, *BESIDE]),
    Machine(
        Caller(PARISC64, *CALLS_HP), "hppa2.0w", HPPA, FAR, lambda goal, cpu: cpu.registers["dp"] == goal
    ),
    Machine(Caller(IA64, BUNDLE, ((2, 0x49, 0),)), "ia64-elf64", ITANIUM, [*FAR, *BESIDE]),
    Machine(
        Caller(ALPHA, GP_LITERAL, ((0, 6, 4), (8, 4, 0))),
        *("alpha", DEC, [*FAR, *BESIDE], lambda goal, cpu: cpu.registers["t0"] == goal),
    ),
)


def disassembled(folder: Path, machine: Machine, made: Called) -> dict[int, str]:
    """All instructions of the module by their addresses."""
    found: dict[int, str] = {}
    for base, memory in made.areas:
        (folder / "memory").write_bytes(memory)
        order = "-EL" if machine.caller.arch.order == "little" else "-EB"
        words = ["-D", "-b", "binary", "-m", machine.cpu, order, f"--adjust-vma={base:#x}", "-z"]
        run = [binutils.program("objdump"), *words, str(folder / "memory")]
        shown = subprocess.run(run, capture_output=True, text=True, check=True).stdout
        found |= {int(at, 16): BUNDLED.sub("", insn).strip() for at, insn in LINE.findall(shown)}
    return found


def follow(cpu: Cpu, insns: Insns, code: Mapping[int, str]) -> None:
    """Interpret from ``cpu.pc`` until an address outside the module, or an unknown instruction."""
    for _ in range(LONGEST):
        found = [(act, re.fullmatch(form, code.get(cpu.pc, ""))) for form, act in insns.items()]
        match = next(((act, match) for act, match in found if match), None)
        if match is None:
            return
        here = cpu.pc
        match[0](cpu, *match[1].groups())
        if cpu.pc == here:
            since_release = (at for at in range(here + 1, here + 17) if at in code)
            cpu.pc = next(since_release)


def ways(machine: Machine, folder: Path, **registers: int) -> list[tuple[int, Cpu]]:
    """Each call of a module: its target, and the processor state afterwards."""
    made = machine.called()
    toc = made.address(".toc") if made.image.module.find(".toc") else 0
    code, found = disassembled(folder, machine, made), []
    for start, goal in made.goals.items():
        cpu = Cpu(made, start, r2=(toc & ~0xFF) + 0x8000, dp=made.areas[0][0], t12=start, **registers)
        follow(cpu, machine.insns, code)
        found.append((goal, cpu))
    return found
