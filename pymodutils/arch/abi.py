"""Select the system call numbers of a process by its ABI, one of those that the kernel supports."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from pymodutils import arch as archs
from pymodutils.errors import NotFound

if TYPE_CHECKING:
    from pymodutils.arch.syscalls import Numbers

WIDE: Final = 64  # bits


def numbers(machine: str, bits: int, triplet: str = "") -> Numbers:
    """The numbers for a process of ``bits`` on a kernel with ``machine`` (uname -m).

    ``triplet``, that of the interpreter (``x86_64-linux-gnux32``), resolves ambiguities.
    Raises NotFound for an unknown machine.
    """
    found = archs.of_uname(machine)
    if not found:
        raise NotFound(machine, f"the system call numbers of {machine} are not known")
    if bits != WIDE:
        for arch in found:
            for ending, known in arch.abis.items():
                if triplet.endswith(ending):
                    return known
    if not any(arch.bits == bits for arch in found) and found[0].compat:
        found = archs.of_uname(found[0].compat)
    return next((arch for arch in found if arch.bits == bits), found[0]).syscalls


def own(machine: str) -> Numbers:
    """The numbers for this process on a kernel with ``machine`` (uname -m); raises NotFound."""
    bits = WIDE if sys.maxsize > 1 << 32 else 32
    return numbers(machine, bits, getattr(sys.implementation, "_multiarch", ""))
