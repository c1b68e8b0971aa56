"""Debian's cloud kernel with our certificates built in, to judge signatures.

QEMU boots the unpacked kernel, an ELF file, like a packed one; the certificates replace Debian's built-in
ones, which are longer.
"""

from __future__ import annotations

import re
from pathlib import Path

from pymodutils.kernelimage import container
from tests.oracles import trees

LIST = re.compile(rb"\x30\x82(..)\x30\x82..\xa0\x03\x02\x01\x02", re.DOTALL)  # where a certificate begins
HEADER = 4  # bytes of tag and length


def kernel(certificates: list[bytes], target: Path, packed: Path | None = None) -> Path:
    """``target``, an image of the kernel that trusts only ``certificates``.

    ``packed`` is Debian's image of it, by default that of Debian 12.
    """
    packed = packed or next((trees.tree("cloud").root / "boot").glob("vmlinuz-*"))
    data = bytearray(container.unwrap(packed.read_bytes(), str(packed)).data)
    found = LIST.search(data)
    assert found is not None
    room = int.from_bytes(found[1], "big") + HEADER
    ours = b"".join(certificates)
    left = room - len(ours) - HEADER  # a value that is no certificate fills the room
    assert left > 0
    data[found.start() : found.start() + room] = ours + b"\x30\x82" + left.to_bytes(2, "big") + bytes(left)
    target.write_bytes(data)
    return target
