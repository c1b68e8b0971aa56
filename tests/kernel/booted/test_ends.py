"""Words about calls that do not return, and numbers of the kernel's own."""

from __future__ import annotations

import errno

import pytest

from pymodutils.elf.ctype import Struct
from pymodutils.errors import NotFound
from pymodutils.kernel.booted import ends, words
from pymodutils.kernel.booted.misuse import Misuse
from pymodutils.machine.results import Oopsed, Touch, Waits

LOG = (
    "<1>[    5.010000] BUG: kernel NULL pointer dereference, address: 0000000000000008",
    "<4>[    5.020000] RIP: 0010:probe+0x1b/0x40 [sample]",
)


def test_an_oops_and_its_place() -> None:
    end = ends.error("probe", Oopsed(LOG))
    assert isinstance(end, ends.Oops)
    assert str(end) == (
        "probe: the kernel oopsed: BUG: kernel NULL pointer dereference, address: 0000000000000008 at "
        f"probe+0x1b/0x40 [sample] {ends.MACHINE}"
    )
    assert end.where == "probe+0x1b/0x40 [sample]"
    assert end.log[1] == "RIP: 0010:probe+0x1b/0x40 [sample]"
    assert str(end.whole()).splitlines() == [str(end), *end.log]


def test_a_call_that_waits() -> None:
    end = ends.error("probe", Waits(5.001, ()))
    assert isinstance(end, ends.Waiting)
    assert (str(end), end.wait, end.where) == (f"probe: still waiting after 5.001 s {ends.MACHINE}", "", "")


def test_devices_that_are_missing_are_named_once() -> None:
    touches = [Touch(0xFED0_0000, False, 1), Touch(0x60, True, 2), Touch(0x60, True, 2), Touch(0x61, True, 3)]
    symbols = {1: "probe+0x10/0x20 [sample]", 2: "poll+0x1/0x9", 3: "0xffffffffc0000000"}
    assert ends.touched(touches, symbols.__getitem__) == [
        "probe+0x10 used device memory at 0xfed00000, which this machine does not have",
        "poll+0x1 used I/O port 0x60, which this machine does not have",
        "code of an init function used I/O port 0x61, which this machine does not have",
    ]


def test_a_complete_type_is_preferred() -> None:
    class Known:
        def __init__(self, size: int) -> None:
            self.type = Struct("struct", "a", size, list)

        def named(self, name: str) -> Struct | None:
            return self.type if name == "struct a" else None

    declared, whole, later = Known(0), Known(8), Known(16)
    assert ends.named([declared, whole, later], "struct a") is whole.type  # type: ignore[list-item]
    assert ends.named([declared], "struct a") is declared.type  # type: ignore[list-item]
    with pytest.raises(NotFound):
        ends.named([whole], "struct b")  # type: ignore[list-item]


def test_errors_have_their_names() -> None:
    """include/uapi/asm-generic/errno*.h and include/linux/errno.h."""
    numbers = {
        errno.EPERM: "EPERM",
        95: "EOPNOTSUPP",
        512: "ERESTARTSYS",
        517: "EPROBE_DEFER",
        524: "ENOTSUPP",
    }
    assert [repr(words.status(-number)) for number in numbers] == [f"-{name}" for name in numbers.values()]
    assert [type(words.status(number)) for number in (-520, -1000, 0, 12)] == [int] * 4
    assert str(words.status(-12)) == "-12"
    assert words.status(-12) == -12


def test_a_misuse_says_what_it_knows() -> None:
    assert str(Misuse("a leak", "", "f")) == "a leak; allocated at f"
    assert str(Misuse("a read", "g", "")) == "a read at g"
    assert str(Misuse("a read", "g", "f", "h", "taken")) == "a read at g; taken at f, freed at h"
