"""Patches of an x86-64 kernel in a module: arch/x86/kernel/alternative.c, ftrace.c, unwind_orc.c."""

from __future__ import annotations

from struct import unpack_from
from typing import TYPE_CHECKING, Final

from pymodutils.arch import patch_tables as tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.arch.patch import Patches, PatchSites

CALL, JUMP = 0xE8, 0xE9
BRANCH: Final = 5  # bytes of either
NOP: Final = bytes.fromhex("0f1f440000")
RETURN: Final = bytes.fromhex("c3cccccccc")  # ret, int3
ENDBR: Final = bytes.fromhex("f30f1efa")
SEALED: Final = bytes.fromhex("660f1f00")  # the nop used by ftrace
LOCK, DS = b"\xf0", b"\x3e"
WORD: Final = (1 << 64) - 1


def fentry(patch: PatchSites) -> int:
    """Sort the table of calls to the tracer, and replace them by nops."""
    target = patch.imports().get("__fentry__", 0)
    return sum(_replace(patch, address, CALL, target, NOP) for address in tables.absolute(patch))


def returns(patch: PatchSites) -> int:
    """Replace jumps to the return thunk by returns, unless the processor needs the thunk."""
    if patch.kernel.return_thunks:
        return 0
    target = patch.imports().get("__x86_return_thunk", 0)
    return sum(_replace(patch, address, JUMP, target, RETURN) for address in _relative(patch))


def endbr(patch: PatchSites) -> int:
    """Seal unused ENDBR instructions."""
    count = 0
    for address in _relative(patch):
        code = patch.code(address, len(SEALED))
        if code in (ENDBR, SEALED):
            code[:] = SEALED
            count += 1
    return count


def locks(patch: PatchSites) -> int:
    """Remove lock prefixes in the text on a uniprocessor."""
    text = patch.text
    if not patch.kernel.one_cpu:
        return 0
    count = 0
    for address in _relative(patch):
        code = patch.code(address, 1)
        if address in text and code == LOCK:
            code[:] = DS
            count += 1
    return count


def _replace(patch: PatchSites, address: int, opcode: int, target: int, by: bytes) -> int:
    """Replace each ``opcode`` with target ``target`` by ``by``; return the number of places."""
    code = patch.code(address, BRANCH)
    if not code or code[0] != opcode or address + BRANCH + unpack_from("<i", code, 1)[0] & WORD != target:
        return 0
    code[:] = by
    return 1


def _relative(patch: PatchSites) -> Iterator[int]:
    """The places listed in the table as relative words."""
    return (address & WORD for (address,) in tables.relative(patch, "i"))


PATCHES: Final[Patches] = {
    ".return_sites": returns,
    ".ibt_endbr_seal": endbr,
    ".smp_locks": locks,
    ".orc_unwind_ip": tables.orc,
    "__mcount_loc": fentry,
    "__jump_table": tables.jump_labels,
    ".static_call_sites": tables.static_calls,
}
