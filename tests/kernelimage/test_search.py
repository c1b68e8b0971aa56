"""Export tables of every shape, found without section headers."""

from __future__ import annotations

import pytest

from pymodutils.errors import BadKernel
from pymodutils.kernelimage import kernel
from tests.kernelimage import build

SHAPES = [
    build.Shape(64, "little"),
    build.Shape(64, "big"),
    build.Shape(32, "little"),
    build.Shape(32, "big"),
    build.Shape(64, "little", fields=2),
    build.Shape(32, "big", fields=2),
    build.Shape(64, "little", crc=8),
    build.Shape(64, "big", crc=8),
    build.Shape(64, "little", crc=0),
    build.Shape(32, "little", crc=0),
    build.Shape(64, "little", crc=0, flags="before"),
    build.Shape(64, "big", crc=4, flags="before"),
    build.Shape(32, "little", crc=4, flags="behind"),
]
BASE = 0x80100000


def wrapped(shape: build.Shape, memory: bytes) -> bytes:
    """A container with the width and byte order of ``shape``, which the search needs."""
    if shape.bits == 32:
        image = bytearray(build.zimage(build.packed(memory)))
        image[0x24:0x28] = b"\x01\x6f\x28\x18" if shape.order == "big" else b"\x18\x28\x6f\x01"
        return bytes(image)
    return build.s390(build.packed(memory)) if shape.order == "big" else memory


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_tables_of_pointers(shape: build.Shape) -> None:
    exports = build.rows()
    image = kernel.read(wrapped(shape, build.raw(shape, exports, BASE)), "k")
    assert len(image.exports) == len(exports)
    for name, row in exports.items():
        crc = row.crc if shape.crc else None
        space = row.namespace if shape.fields == 3 else ""
        assert image.exports[name] == (BASE + row.address, crc, row.gpl, space)
    assert image.evidence.release == build.RELEASE
    assert image.evidence.vermagic == build.VERMAGIC.decode()
    switches = {"SMP": True, "MODULE_UNLOAD": True, "MODVERSIONS": True, "PREEMPT_RT": False}
    assert image.evidence.switches == switches
    assert bool(image.remarks) is not bool(shape.crc)


@pytest.mark.parametrize("fields", [2, 3])
def test_tables_of_distances(fields: int) -> None:
    exports = build.rows()
    shape = build.Shape(relative=True, fields=fields)
    image = kernel.read(build.arm64(build.raw(shape, exports, 0)), "k")
    for name, row in exports.items():
        space = row.namespace if fields == 3 else ""
        assert image.exports[name] == (None, row.crc, row.gpl, space)
    assert image.remarks["addresses"]
    assert image.page_size == 4096


def test_names_may_be_tails_of_others() -> None:
    memory = build.raw(build.Shape(), build.rows(), BASE)
    at = memory.index(b"\0kfree\0")
    joined = memory[:at] + b"_kfree\0" + memory[at + 7 :]  # the NUL before is gone
    assert "kfree" in kernel.read(joined, "k").exports


def test_no_tables_is_said_with_what_to_do() -> None:
    with pytest.raises(BadKernel, match=r"^k: this image has no export tables.*CONFIG_MODULES"):
        kernel.read(build.BANNER + b"\0" + bytes(range(256)) * 100, "k")
