"""BTF of modules, relocated from the distilled base to the kernel's."""

from __future__ import annotations

from errno import EINVAL, ENOENT
from struct import pack

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.modules import description, module
from tests.link.objects import Part

INT, CONST, STRUCT, POINTER, ARRAY = 1, 10, 4, 2, 3
NAMES = b"\0int\0one\0two\0"
INT_NAME, ONE, TWO = 1, 5, 9


def record(name: int, kind: int, size: int, *words: int, vlen: int = 0) -> bytes:
    return pack(f"<3I{len(words)}I", name, kind << 24 | vlen, size, *words)


def btf(types: bytes, strings: bytes = b"") -> bytes:
    sizes = (0, len(types), len(types), len(strings))
    return pack("<HBBI4I", 0xEB9F, 1, 0, 24, *sizes) + types + strings


INTEGER = record(INT_NAME, INT, 4, 1 << 24 | 32)
FILLER = record(0, POINTER, 0) * 6000  # of a kernel, which has more types
KERNEL = btf(INTEGER + record(ONE, STRUCT, 64) + FILLER, NAMES)
BASE = btf(INTEGER + record(ONE, STRUCT, 8), NAMES)


def load(own: bytes, base: bytes = b"", kernel: bytes = KERNEL) -> tuple[int, list[str]]:
    """The errno of a load, and the log."""
    parts = [Part(".BTF", own, 0), *([Part(".BTF.base", base, 0)] if base else [])]
    switches = {"DEBUG_INFO_BTF_MODULES": True, "MODULE_ALLOW_BTF_MISMATCH": False, "MODVERSIONS": False}
    made = description(**switches)._replace(release="7.2.0-made", btf=kernel)
    booted, errno = EmulatedKernel.boot(made), 0
    start = booted.log()[-1].number
    try:
        booted.init_module(module(parts=parts))
    except Refused as refused:
        errno = refused.errno
    return errno, [line.text for line in booted.log(start)]


@pytest.mark.parametrize(
    ("own", "base"),
    [
        (record(0, POINTER, 2), BASE),
        (record(ONE, STRUCT, 8, ONE, 1, 0, vlen=1), BASE),
        (record(len(NAMES), STRUCT, 4, len(NAMES), 1, 0, vlen=1), BASE),
        (record(TWO, STRUCT, 4, ONE, 1, 0, vlen=1), b""),
    ],
)
def test_types_that_the_kernel_has_are_taken(own: bytes, base: bytes) -> None:
    assert load(btf(own, b"x\0"), base) == (0, [])


@pytest.mark.parametrize(
    ("own", "base", "errno", "said"),
    [
        (record(0, STRUCT, 8, 0, 2, 0, vlen=1), BASE, EINVAL, "type 'one' [2] is not mapped"),
        (record(0, CONST, 1), btf(record(TWO, STRUCT, 8), NAMES), EINVAL, "type 'two' [1] is not mapped"),
        (record(TWO, STRUCT, 8), BASE, ENOENT, "is not mapped to base BTF"),
        (record(ONE + 1, 8, 1), btf(record(0, POINTER, 0), NAMES), EINVAL, "unexpected kind [2]"),
        (record(0x7FFF, STRUCT, 8), b"", EINVAL, "Invalid name_offset:32767"),
        (record(0, 8, 1), b"", EINVAL, "Invalid name"),
    ],
)
def test_others_are_refused(own: bytes, base: bytes, errno: int, said: str) -> None:
    found, log = load(btf(own), base)
    assert found == errno
    assert any(said in line for line in log)
    assert log[-1] == f"failed to validate module [made] BTF: {-errno}"


def test_without_the_kernels_own_only_the_shape_is_judged() -> None:
    assert load(btf(record(0x7FFF, STRUCT, 8)), kernel=b"") == (0, [])
    assert load(btf(record(0x7FFF, 31, 8)), kernel=b"")[0] == EINVAL


@pytest.mark.parametrize(
    ("name", "errno"), [(b"\xd4x", 0), (b"x\xf6", 0), (b"\xaex", EINVAL), (b"x\xd7", EINVAL)]
)
def test_letters_of_names_are_those_of_latin_1(name: bytes, errno: int) -> None:
    assert load(btf(record(len(NAMES), 8, 1), name + b"\0"))[0] == errno
