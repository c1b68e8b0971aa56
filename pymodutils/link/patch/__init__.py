"""What a kernel changes in a module once it is linked, where that follows from the module itself.

Code that depends on the processor (alternatives, paravirt, retpolines) and on what is switched on at that
moment (the branches of jump labels and static calls) stays as it is linked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.link.patch import code, tables
from pymodutils.link.patch.machine import Patch, RunningKernel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pymodutils.link.image import Image

__all__ = ["RunningKernel", "apply"]

SMALL: Final = RunningKernel()  # one processor that has no need of thunks
X86_64: Final = {
    ".return_sites": code.returns,
    ".ibt_endbr_seal": code.endbr,
    ".smp_locks": code.locks,
    ".orc_unwind_ip": tables.orc,
    "__mcount_loc": code.fentry,
    "__jump_table": tables.jump_labels,
    ".static_call_sites": tables.static_calls,
}
PATCHES: Final[Mapping[str, Mapping[str, Callable[[Patch], int]]]] = {"x86_64": X86_64}


def apply(image: Image, values: Sequence[int], machine: RunningKernel = SMALL) -> dict[str, int]:
    """Patch the linked ``image``, whose symbols have ``values``, as ``machine`` would.

    Gives the number of places changed by the name of the section that led there. Architectures other
    than x86-64 change nothing yet.
    """
    done = {}
    for name, patch in PATCHES.get(image.module.arch.name, {}).items():
        at = image.module.find(name)
        if at and image.layout.placed[at] is not None:
            done[name] = patch(Patch(image, values, machine, at))
    return done
