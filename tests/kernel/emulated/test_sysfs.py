"""/sys/module: the loader's own folder, names with a slash, empty writes, uevents."""

from __future__ import annotations

from errno import EACCES, EEXIST, EINVAL, EROFS

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.modules import description, kernel, module, write_errno
from tests.lanes.verdicts.damage import damaged

PARAMETERS = "/sys/module/module/parameters"


def called(name: str) -> bytes:
    return damaged(module("made"), [f"name={name}"])


def test_the_loader_has_a_folder() -> None:
    booted = kernel(MODULE_SIG=True, MODULE_DECOMPRESS=True, MODULE_COMPRESS_XZ=True)
    assert booted.read("/sys/module/compression") == b"xz\n"
    assert write_errno(booted, "/sys/module/compression", b"x") == EACCES
    assert {"compression", "module"} <= set(booted.listdir("/sys/module"))
    assert booted.listdir("/sys/module/module") == ["parameters", "uevent"]
    for value, wanted in ((b"1", b"Y\n"), (b"0", b"N\n")):
        booted.write(f"{PARAMETERS}/async_probe", value)
        assert booted.read(f"{PARAMETERS}/async_probe") == wanted
    booted.write(f"{PARAMETERS}/sig_enforce", b"1")
    assert write_errno(booted, f"{PARAMETERS}/sig_enforce", b"0") == EROFS
    assert kernel().listdir("/sys/module") == ["module"]


def test_nothing_is_stored_of_a_write_of_nothing() -> None:
    booted = kernel()
    assert write_errno(booted, f"{PARAMETERS}/async_probe", b"") == 0
    assert write_errno(booted, "/sys/module/module/uevent", b"") == 0
    assert write_errno(booted, "/sys/module/module/uevent", b"\n") == EINVAL


@pytest.mark.parametrize(("first", "second", "code"), [("a/b", "a!b", EINVAL), ("a!b", "a/b", EEXIST)])
def test_a_slash_and_an_exclamation_mark_are_one(first: str, second: str, code: int) -> None:
    booted = kernel()
    booted.init_module(called(first))
    with pytest.raises(Refused) as refused:
        booted.init_module(called(second))
    assert refused.value.errno == code
    assert booted.read("/sys/module/a!b/initstate") == b"live\n"


def test_who_was_told_of_the_end_is_not_told_again() -> None:
    booted = kernel()
    for data in (b"remove", b"change"):
        booted.init_module(module())
        booted.write("/sys/module/made/uevent", data)
        booted.delete("made")
    actions = [line.text.partition("@")[0] for line in booted.uevents()]
    assert actions == ["add", "remove", "add", "change", "remove"]


def test_proc_version_is_the_whole_banner() -> None:
    banner = "Linux version 6.1.0-made (me@here) (gcc, ld) #1 SMP"
    booted = EmulatedKernel.boot(description()._replace(banner=banner))
    assert booted.read("/proc/version") == f"{banner}\n".encode()
    assert booted.log()[0].text == banner
