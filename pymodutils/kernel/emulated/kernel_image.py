"""The address range of the kernel itself: derived from its exports, or assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch.range import Range

if TYPE_CHECKING:
    from pymodutils.arch.model import Arch
    from pymodutils.kernel.description import Description

STEP: Final = 16  # bytes between exports of unknown address
ALIGN: Final = 2 << 20  # bytes; an image is assumed to end at a multiple


def span(kernel: Description, arch: Arch) -> Range:
    """The addresses from _text to _end; _end is assumed to be the first 2 MiB boundary above all exports."""
    text = arch.kernel_text
    known = [row.address for row in kernel.exports.values() if row.address is not None]
    above = [address for address in known if address >= text]
    made_up = first_made_up(arch) + STEP * len(kernel.exports)
    last = max(above) if above and len(known) == len(kernel.exports) else max([made_up, *above])
    return Range(text, (last // ALIGN + 1) * ALIGN)


def first_made_up(arch: Arch) -> int:
    """The address assigned to the first export without a known address."""
    return arch.kernel_text + ALIGN // 2
