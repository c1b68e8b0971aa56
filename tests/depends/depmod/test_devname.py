"""Lines of modules.devname; numbers as the C library's scanf() reads them, which kmod uses."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace

import pytest

from pymodutils.depends.depmod import emit
from pymodutils.log import Log

HEAD = b"# Device nodes to trigger on-demand module loading.\n"


def lines(*aliases: bytes) -> bytes:
    facts = SimpleNamespace(aliases=b"".join(each + b"\0" for each in aliases))
    database = SimpleNamespace(modules=[SimpleNamespace(name=b"fuse")], facts=[facts])
    return emit.devname(database, Log("depmod"))  # type: ignore[arg-type]


def scanned(digits: bytes) -> int:
    number = ctypes.c_uint()
    assert ctypes.CDLL(None).sscanf(digits, b"%u", ctypes.byref(number)) == 1
    return number.value


@pytest.mark.parametrize(
    "digits",
    [
        *(b"0", b"10", b"4294967295", b"4294967296", b"-1", b"+7", b" 8"),
        *(b"18446744073709551615", b"18446744073709551616", b"-18446744073709551615"),
        b"-18446744073709551616",
    ],
)
def test_numbers(digits: bytes) -> None:
    expected = HEAD + b"fuse fuse c%d:229\n" % scanned(digits)
    assert lines(b"devname:fuse", b"char-major-%b-229" % digits) == expected


def test_the_first_complete_pair_counts(capfd: pytest.CaptureFixture[str]) -> None:
    assert lines(b"block-major-8-1", b"devname:loop", b"char-major-9-2") == HEAD + b"fuse loop b8:1\n"
    assert lines(b"devname:one", b"devname:two", b"pci:x", b"char-major-9-2") == HEAD + b"fuse two c9:2\n"
    assert lines(b"char-major-9-2") == b""
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("alias", [b"char-major-9-*", b"char-major-9", b"tty-major-9-1", b"xchar-major-9-1"])
def test_a_name_without_numbers_is_an_error(alias: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    lines(b"devname:fuse", alias)
    assert "Module 'fuse' has devname (fuse) but lacks major and minor information. Ignoring." in (
        capfd.readouterr().err
    )
