"""Parameters of a module in an emulated kernel: what is set stays, in whatever process."""

from __future__ import annotations

from errno import EACCES, EINVAL, EIO, ENOENT, ERANGE
from pathlib import Path
from struct import pack

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.modules import ABSOLUTE, WRITE, kernel, module, write_errno
from tests.link.objects import Part, Rel

FOLDER = "/sys/module/made/parameters"
FIRST, OPS = 6, 3  # the symbols of the first part below, and of param_ops_int


def image(*modes: int, start: int = 5) -> bytes:
    """A module with an int for each of ``modes``, called p0, p1 and so on, that is ``start`` at first."""
    rows = b"".join(pack("<QQQHbBxxxxQ", 0, 0, 0, mode, -1, 0, 0) for mode in modes)
    data = b"".join(b"p%d\0\0" % at + pack("<i", start) for at in range(len(modes)))
    variables = FIRST + 1
    places = [
        reloc
        for at in range(len(modes))
        for reloc in (
            Rel(40 * at, ABSOLUTE, variables, 8 * at),
            Rel(40 * at + 16, ABSOLUTE, OPS),
            Rel(40 * at + 32, ABSOLUTE, variables, 8 * at + 4),
        )
    ]
    parts = [Part("__param", rows, WRITE, align=8), Part(".data.own", data, WRITE, align=8)]
    return module(parts=parts, relocs={"__param": places}, imports=["_printk", "param_ops_int"])


def test_only_those_with_a_mode_have_a_file() -> None:
    booted = kernel()
    booted.init_module(image(0o644, 0, 0o400, 0o200), b"p1=7 p2=-8")
    assert booted.listdir(FOLDER) == ["p0", "p2", "p3"]
    assert [booted.read(f"{FOLDER}/{name}") for name in ("p0", "p2")] == [b"5\n", b"-8\n"]
    with pytest.raises(Refused) as refused:
        booted.read(f"{FOLDER}/p1")
    assert refused.value.errno == ENOENT
    assert write_errno(booted, f"{FOLDER}/p2", b"1") in (EACCES, EIO)
    assert booted.read(f"{FOLDER}/p2") == b"-8\n"


@pytest.mark.parametrize(
    ("text", "code", "value"),
    [
        (b"0x10\n", 0, b"16\n"),
        (b"-1", 0, b"-1\n"),
        (b"2147483647", 0, b"2147483647\n"),
        (b"2147483648", ERANGE, b"5\n"),
        (b"-2147483649", ERANGE, b"5\n"),
        (b"x", EINVAL, b"5\n"),
        (b"", EINVAL, b"5\n"),
        (b"1\n\n", EINVAL, b"5\n"),
    ],
)
def test_writes(text: bytes, code: int, value: bytes) -> None:
    booted = kernel()
    booted.init_module(image(0o644))
    assert write_errno(booted, f"{FOLDER}/p0", text) == (0 if not text else code)
    assert booted.read(f"{FOLDER}/p0") == value


def test_another_process_sees_what_was_written(tmp_path: Path) -> None:
    path = str(tmp_path / "kernel.state")
    kernel(path=path).init_module(image(0o644, 0o644), b"p1=3")
    first, second = EmulatedKernel.open(path), EmulatedKernel.open(path)
    first.write(f"{FOLDER}/p0", b"9")
    assert [second.read(f"{FOLDER}/{name}") for name in ("p0", "p1")] == [b"9\n", b"3\n"]
    second.write(f"{FOLDER}/p1", b"4")
    assert [first.read(f"{FOLDER}/{name}") for name in ("p0", "p1")] == [b"9\n", b"4\n"]


@pytest.mark.parametrize(
    ("line", "code"), [(b"p0=x", EINVAL), (b"p0", EINVAL), (b"p0=1 p0=99999999999", ERANGE)]
)
def test_a_bad_value_refuses_the_module(line: bytes, code: int) -> None:
    booted = kernel()
    with pytest.raises(Refused) as refused:
        booted.init_module(image(0o644), line)
    assert refused.value.errno == code
    assert booted.loaded() == []
