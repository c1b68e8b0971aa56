"""A processor of any machine with plain memory, to call single functions in unicorn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymodutils.errors import ModutilsError
from pymodutils.machine.engine import uc, unicorn
from pymodutils.machine.paging import PAGE

# isort: split
from unicorn import arm_const, m68k_const, ppc_const, s390x_const, x86_const

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STACK: Final = 0x0010_0000  # bytes
LIMIT: Final = 1_000_000  # instructions per call
FIXUPS: Final = 1000  # faults of one call
BIG: Final = "big"
ARGUMENTS: Final = ("RDI", "RSI", "RDX", "RCX", "R8", "R9")  # registers of x86-64
PHYSICAL: Final = (1 << 48) - 1  # bits of addresses
WIDE: Final = 0x1_8000_0000  # PSW bits: 64-bit addressing


class Convention(NamedTuple):
    """A C calling convention: registers and stack positions of arguments."""

    arch: int
    mode: int
    bits: int
    order: str
    sp: int
    result: int
    pc: int
    ret: bytes  # the instructions that return
    link: int = 0  # the register of the return address; 0: on the stack
    arguments: Sequence[int] = ()
    skipped: int = 0  # bytes on the stack before the arguments
    start: tuple[int, int] | None = None  # a register and its initial value
    top: int = 0x7000_0000  # the end of the stack


_ARM: Final = tuple(range(arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R0 + 4))
_PPC: Final = tuple(range(ppc_const.UC_PPC_REG_3, ppc_const.UC_PPC_REG_3 + 8))
_X86_64: Final = tuple(getattr(x86_const, f"UC_X86_REG_{name}") for name in ARGUMENTS)
_S390: Final = tuple(range(s390x_const.UC_S390X_REG_R2, s390x_const.UC_S390X_REG_R2 + 5))
CONVENTIONS: Final = {
    "i386": Convention(
        *(uc.UC_ARCH_X86, uc.UC_MODE_32, 32, "little"),
        *(x86_const.UC_X86_REG_ESP, x86_const.UC_X86_REG_EAX, x86_const.UC_X86_REG_EIP, bytes.fromhex("c3")),
    ),
    "arm": Convention(
        *(uc.UC_ARCH_ARM, uc.UC_MODE_ARM, 32, "little"),
        *(arm_const.UC_ARM_REG_SP, arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_PC),
        bytes.fromhex("1eff2fe1"),
        arm_const.UC_ARM_REG_LR,
        _ARM,
    ),
    "m68k": Convention(
        *(uc.UC_ARCH_M68K, uc.UC_MODE_BIG_ENDIAN, 32, BIG),
        *(m68k_const.UC_M68K_REG_A7, m68k_const.UC_M68K_REG_D0, m68k_const.UC_M68K_REG_PC),
        bytes.fromhex("4e75"),
    ),
    "ppc": Convention(
        *(uc.UC_ARCH_PPC, uc.UC_MODE_PPC32 | uc.UC_MODE_BIG_ENDIAN, 32, BIG),
        *(ppc_const.UC_PPC_REG_1, ppc_const.UC_PPC_REG_3, ppc_const.UC_PPC_REG_PC),
        bytes.fromhex("4e800020"),
        ppc_const.UC_PPC_REG_LR,
        _PPC,
        8,
    ),
    "s390x": Convention(
        *(uc.UC_ARCH_S390X, uc.UC_MODE_BIG_ENDIAN, 64, BIG),
        *(s390x_const.UC_S390X_REG_R15, s390x_const.UC_S390X_REG_R2, s390x_const.UC_S390X_REG_PC),
        bytes.fromhex("07fe"),
        s390x_const.UC_S390X_REG_R14,
        _S390,
        160,
        (s390x_const.UC_S390X_REG_PSWM, WIDE),
    ),
    "x86_64": Convention(
        *(uc.UC_ARCH_X86, uc.UC_MODE_64, 64, "little"),
        *(x86_const.UC_X86_REG_RSP, x86_const.UC_X86_REG_RAX, x86_const.UC_X86_REG_RIP, bytes.fromhex("c3")),
        arguments=_X86_64,
    ),
}


class ForeignCpu:
    """A processor of the machine ``name`` with ``memory`` at ``base``."""

    def __init__(self, name: str, base: int, memory: bytes) -> None:
        self.how = CONVENTIONS[name]
        self.uc = unicorn.Uc(self.how.arch, self.how.mode)
        self.uc.ctl_set_tlb_mode(uc.UC_TLB_VIRTUAL)
        self.uc.hook_add(uc.UC_HOOK_TLB_FILL, _fill)
        self.fixup: Callable[[int], int | None] = _no_fixup  # where to go on after a fault at an address
        self._mapped: set[int] = set()
        self.place(base, memory)
        self._map(self.how.top - STACK, STACK + PAGE)
        if self.how.start:
            self.uc.reg_write(*self.how.start)

    def _map(self, start: int, size: int) -> None:
        for page in range(start & -PAGE, start + size, PAGE):
            if page not in self._mapped:
                self._mapped.add(page)
                self.uc.mem_map(page & PHYSICAL, PAGE)

    def place(self, base: int, memory: bytes) -> None:
        """Put ``memory`` at ``base``."""
        self._map(base, len(memory))
        self.uc.mem_write(base & PHYSICAL, memory)

    def read(self, base: int, size: int) -> bytes:
        """The ``size`` bytes at ``base``."""
        return bytes(self.uc.mem_read(base & PHYSICAL, size))

    def string(self, address: int) -> bytes:
        """The string at ``address``."""
        found = b""
        while b"\0" not in found:
            found += bytes(self.uc.mem_read(address + len(found) & PHYSICAL, 1))
        return found[:-1]

    def stand_in(self, address: int, answer: Callable[[ForeignCpu], int]) -> None:
        """Let ``answer`` compute the result of the function at ``address``."""
        self.place(address, self.how.ret)

        def give(*_: object) -> None:
            self.uc.reg_write(self.how.result, answer(self) & (1 << self.how.bits) - 1)

        self.uc.hook_add(uc.UC_HOOK_CODE, give, begin=address, end=address)

    def argument(self, index: int) -> int:
        """Argument ``index`` of the function being entered, as an unsigned word."""
        how, size = self.how, self.how.bits // 8
        if index < len(how.arguments):
            return int(self.uc.reg_read(how.arguments[index])) & (1 << how.bits) - 1
        behind = 0 if how.link else size  # the return address
        at = self.uc.reg_read(how.sp) + behind + how.skipped + size * (index - len(how.arguments))
        return self._word(at)

    def call(self, address: int) -> int:
        """The int returned by the function at ``address``; raises ModutilsError if it does not return."""
        how = self.how
        back = how.top
        stack = how.top - PAGE
        if how.link:
            self.uc.reg_write(how.link, back)
        else:
            stack -= how.bits // 8
            self.uc.mem_write(stack, back.to_bytes(how.bits // 8, how.order))  # type: ignore[arg-type]
        self.uc.reg_write(how.sp, stack)
        self._run(address, back)
        result = int(self.uc.reg_read(how.result)) & 0xFFFF_FFFF
        return result - (result >> 31 << 32)

    def _run(self, address: int, back: int) -> None:
        """Run from ``address`` to ``back``; after a fault it continues where ``fixup`` says."""
        at = address
        for _ in range(FIXUPS):
            try:
                self.uc.emu_start(at, back, count=LIMIT)
            except unicorn.UcError as error:
                fixed = self.fixup(int(self.uc.reg_read(self.how.pc)))
                if fixed is None:
                    raise ModutilsError("unicorn", f"the code at {address:#x} cannot run: {error}") from None
                at = fixed
            else:
                return
        raise ModutilsError("unicorn", f"the code at {address:#x} faults without an end")

    def _word(self, address: int) -> int:
        order = self.how.order
        return int.from_bytes(self.uc.mem_read(address & PHYSICAL, self.how.bits // 8), order)  # type: ignore[arg-type]


def _fill(_uc: unicorn.Uc, address: int, _access: int, entry: Any, _data: object) -> bool:
    """Map a page of addresses one to one, but for bits that no physical address has."""
    entry.paddr, entry.perms = address & PHYSICAL & -PAGE, uc.UC_PROT_ALL
    return True


def _no_fixup(_address: int) -> None:
    """No exception table."""
