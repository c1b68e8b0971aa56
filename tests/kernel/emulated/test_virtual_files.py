"""Files of /proc and /sys: errnos of path walks and of writes, as the system calls have them."""

from __future__ import annotations

from errno import EACCES, EINVAL, EIO, EISDIR, ELOOP, ENOENT, ENOTDIR, EPERM

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel.emulated import vfs
from pymodutils.kernel.emulated.sysfs import uevent
from pymodutils.kernel.emulated.vfs import File, Folder, Link, file, folder
from tests.kernel.emulated.modules import kernel, module, write_errno

WRITTEN: list[bytes] = []
LINKS = {f"l{at}": Link(f"l{at + 1}") for at in range(8)} | {"l8": file("end")}
TREE = folder(
    {
        "file": file("text\n"),
        "deep": folder({"up": Link(".."), "in": file("in"), "abs": Link("../deep/in")}),
        "kept": File(0o200, None, WRITTEN.append),
        "loop": Link("loop"),
        "one": Folder(dict, lambda name: file(name) if name == "known" else None),
        "bad": Folder(lambda: {"a/b": file("x")}),
        "long": Folder(lambda: {"n" * 4096: file("x")}),
        "empty": Folder(lambda: {"": file("x")}),
        "most": Folder(lambda: {"n" * 4095: file("x")}),
        **LINKS,
    }
)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("file", b"text\n"),
        ("/deep//in", b"in"),
        ("deep/./in", b"in"),
        ("deep/up/file", b"text\n"),
        ("deep/../../../file", b"text\n"),
        ("deep/abs", b"in"),
        ("one/known", b"known"),
        ("l0", b"end"),
        ("deep/up/deep/up/deep/in", b"in"),
    ],
)
def test_ways_to_a_file(path: str, text: bytes) -> None:
    assert vfs.read(TREE, path) == text


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("none", ENOENT),
        ("file/x", ENOTDIR),
        ("file/", ENOTDIR),
        ("file/.", ENOTDIR),
        ("file/..", ENOTDIR),
        ("deep", EISDIR),
        ("deep/up", EISDIR),
        ("", EISDIR),
        ("kept", EACCES),
        ("loop", ELOOP),
        ("one/other", ENOENT),
    ],
)
def test_no_way_to_a_file(path: str, code: int) -> None:
    with pytest.raises(Refused) as refused:
        vfs.read(TREE, path)
    assert refused.value.errno == code


def test_writes_reach_what_can_be_written() -> None:
    vfs.write(TREE, "deep/up/kept", b"data")
    assert WRITTEN == [b"data"]
    for path, code in (("file", EACCES), ("deep", EISDIR), ("none", ENOENT)):
        with pytest.raises(Refused) as refused:
            vfs.write(TREE, path, b"data")
        assert refused.value.errno == code


def test_names_that_getdents_refuses() -> None:
    """verify_dirent_name(): none empty, as long as a path, or with a slash."""
    assert vfs.names(TREE, "deep") == ["abs", "in", "up"]
    assert vfs.names(TREE, "most") == ["n" * 4095]
    for path, code in (("bad", EIO), ("long", EIO), ("empty", EIO), ("file", ENOTDIR), ("none", ENOENT)):
        with pytest.raises(Refused) as refused:
            vfs.names(TREE, path)
        assert refused.value.errno == code
    found = [path for path, _ in vfs.walk(TREE)]
    assert found[:6] == ["/file", "/deep", "/deep/up", "/deep/in", "/deep/abs", "/kept"]
    assert "/most/" + "n" * 4095 in found
    assert not any(path.startswith(("/bad/", "/long/", "/empty/")) for path in found)


@pytest.mark.parametrize(
    ("data", "code", "tainted"),
    [
        (b"4\n", 0, b"4\n"),
        (b"0x10 junk", 0, b"16\n"),
        (b"", 0, b"0\n"),
        (b"-1", EINVAL, b"0\n"),
        (b"+1", EINVAL, b"0\n"),
        (b"x", EINVAL, b"0\n"),
        (b"0" * 21 + b"4", EINVAL, b"0\n"),
        (b"0" * 20 + b"4", 0, b"4\n"),
    ],
)
def test_taints_are_set_by_a_number(data: bytes, code: int, tainted: bytes) -> None:
    """proc_get_long(): at most 21 characters, and the rest of the line is ignored."""
    booted = kernel()
    assert write_errno(booted, "/proc/sys/kernel/tainted", data) == code
    assert booted.read("/proc/sys/kernel/tainted") == tainted


def test_taints_stay() -> None:
    booted = kernel()
    for data, text in ((b"4", b"4\n"), (b"1", b"5\n"), (b"0", b"5\n"), (b"%d" % (1 << 60), b"5\n")):
        booted.write("/proc/sys/kernel/tainted", data)
        assert booted.read("/proc/sys/kernel/tainted") == text


def test_loading_is_disabled_for_good() -> None:
    booted, path = kernel(), "/proc/sys/kernel/modules_disabled"
    assert [write_errno(booted, path, data) for data in (b"0", b"2", b"1", b"0", b"1")] == [
        EINVAL,
        EINVAL,
        0,
        EINVAL,
        0,
    ]
    assert booted.read(path) == b"1\n"
    with pytest.raises(Refused) as refused:
        booted.init_module(module())
    assert refused.value.errno == EPERM


def test_files_of_proc_that_root_can_open_take_nothing() -> None:
    booted = kernel()
    for name in ("modules", "kallsyms", "cmdline", "version"):
        assert write_errno(booted, f"/proc/{name}", b"x") == EIO


UUID = b"01234567-89ab-cdef-0123-456789ABCDEF"


@pytest.mark.parametrize(
    ("data", "more"),
    [
        (b"add\n", "SYNTH_UUID=0"),
        (b"change", "SYNTH_UUID=0"),
        (b"unbind\0", "SYNTH_UUID=0"),
        (b"add " + UUID, f"SYNTH_UUID={UUID.decode()}"),
        (b"bind " + UUID + b" A=1 b2=c3\n", f"SYNTH_UUID={UUID.decode()} SYNTH_ARG_A=1 SYNTH_ARG_b2=c3"),
    ],
)
def test_events(data: bytes, more: str) -> None:
    """Documentation/ABI/testing/sysfs-uevent."""
    action = data.split()[0].strip(b"\0").decode()
    assert uevent.parse(data, "made") == (action, "made", more)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "unknown uevent action string"),
        (b"adds", "unknown uevent action string"),
        (b"add\n\n", "unknown uevent action string"),
        (b"add ", "incorrect uevent action arguments"),
        (b"add " + UUID[:-1], "incorrect uevent action arguments"),
        (b"add " + UUID + b"0", "incorrect uevent action arguments"),
        (b"add " + UUID + b" A", "incorrect uevent action arguments"),
        (b"add " + UUID + b" A=", "incorrect uevent action arguments"),
        (b"add " + UUID + b" A=_", "incorrect uevent action arguments"),
        (b"add " + UUID + b"  A=1", "incorrect uevent action arguments"),
    ],
)
def test_events_that_are_none(data: bytes, said: str) -> None:
    with pytest.raises(uevent.BadEvent, match=said):
        uevent.parse(data, "made")


def test_references_from_outside() -> None:
    booted = kernel()
    for change in (booted.get, booted.put):
        with pytest.raises(Refused, match="made is not currently loaded") as refused:
            change("made")
        assert refused.value.errno == ENOENT
    booted.init_module(module())
    with pytest.raises(Refused, match="not in use but by modules"):
        booted.put("made")
    booted.get("made")
    assert booted.read("/sys/module/made/refcnt") == b"1\n"
    booted.put("made")
    booted.init_module(module("base", exports=["base_call"]))
    booted.init_module(module("user", imports=["base_call"], versions={"base_call": 0x100}))
    with pytest.raises(Refused, match="not in use but by modules"):
        booted.put("base")
    booted.get("base")
    assert booted.read("/sys/module/base/refcnt") == b"2\n"
