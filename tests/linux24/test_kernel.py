"""The system calls of 2.4, by kernel/module.c of 2.4.32, and its /proc."""

from __future__ import annotations

import os
from errno import EBUSY, EEXIST, EINVAL, ENAMETOOLONG, ENODEV, ENOENT, ENOSPC

import pytest

from pymodutils.errors import Refused
from pymodutils.linux24.insmod.options import InsmodOptions
from pymodutils.linux24.kernel.kernel import Linux24
from pymodutils.linux24.kernel.query_module import DEPS, INFO, MODULES, PROBE, REFS, SYMBOLS
from pymodutils.linux24.struct_module import Abi, StructModule
from tests.linux24.objects import kernel, load, module

ABI = Abi(32, "little")
SIZE = 96  # bytes of struct module on i386


@pytest.fixture
def linux() -> Linux24:
    """A kernel with the modules base, which exports a function, and user, which uses it."""
    made = kernel()
    assert load(made, "base", module(exports=["base_call"]))[0] == 0
    assert load(made, "user", module(imports=["base_call"]), options=InsmodOptions(autoclean=True))[0] == 0
    return made


def code(linux: Linux24, call: str, *words: object) -> int:
    """The errno of a system call."""
    with pytest.raises(Refused) as refused:
        getattr(linux, call)(*words)
    return refused.value.errno


def test_create_module(linux: Linux24) -> None:
    assert code(linux, "create_module", "", 4096) == EINVAL
    assert code(linux, "create_module", "x" * 4096, 8192) == ENAMETOOLONG
    assert code(linux, "create_module", "base", 4096) == EEXIST
    assert code(linux, "create_module", "abc", SIZE + 3) == EINVAL
    assert linux.create_module("abc", SIZE + 4) == 0xC880_4000  # after two modules of a page, and a page each


def test_what_does_not_run_is_uninitialized(linux: Linux24) -> None:
    linux.create_module("fresh", 5000)
    assert linux.read("/proc/modules").splitlines()[0] == b"fresh                   5000 (uninitialized)"
    assert linux.query_module("fresh", SYMBOLS, 0) == (0, b"", 0)


def test_query_module_says_how_much_it_needs(linux: Linux24) -> None:
    assert linux.query_module(None, PROBE, 0).errno == 0
    assert linux.query_module(None, MODULES, 9) == (ENOSPC, b"", 10)
    assert linux.query_module(None, MODULES, 10) == (0, b"user\0base\0", 2)
    assert linux.query_module("user", DEPS, 64) == (0, b"base\0", 1)
    assert linux.query_module("base", REFS, 4) == (ENOSPC, b"", 5)
    assert linux.query_module("base", REFS, 5) == (0, b"user\0", 1)
    info = ABI.longs(4).unpack(linux.query_module("base", INFO, 16).data)
    assert info[0] == 0xC880_0000
    assert info[2:] == (1 | 16, 0)  # running, used once
    assert linux.query_module("base", INFO, 15) == (ENOSPC, b"", 16)
    assert code(linux, "query_module", None, INFO, 64) == EINVAL
    assert code(linux, "query_module", None, DEPS, 64) == EINVAL
    assert code(linux, "query_module", "absent", INFO, 64) == ENOENT
    assert code(linux, "query_module", "base", 6, 64) == EINVAL


def test_query_module_symbols(linux: Linux24) -> None:
    short = linux.query_module(None, SYMBOLS, 10)
    answer = linux.query_module(None, SYMBOLS, short.ret)
    assert (short.errno, answer.errno, answer.ret) == (ENOSPC, 0, 3)
    names = b"printk\0jiffies\0GPLONLY_gplsym\0"
    offsets = (24, 24 + 7, 24 + 15)
    values = (0xC011_0000, 0xC011_4560, 0xC011_8000)
    pairs = [number for pair in zip(values, offsets, strict=True) for number in pair]
    assert answer.data == ABI.longs(6).pack(*pairs) + names


def test_get_kernel_syms(linux: Linux24) -> None:
    count, table = linux.get_kernel_syms()
    names = [table[at + 4 : at + 64].rstrip(b"\0") for at in range(0, len(table), 64)]
    assert count == len(names)
    assert [name for name in names if name.startswith(b"#")] == [b"#user", b"#base", b"#"]
    assert names[-3:] == [b"printk", b"jiffies", b"GPLONLY_gplsym"]


def test_proc(linux: Linux24) -> None:
    lines = linux.read("/proc/modules").decode().splitlines()
    assert lines[0].endswith("   0 (autoclean) (unused)")
    assert lines[1].startswith("base                ")
    assert lines[1].endswith("   0 [user]")  # a dependent module is a use
    ksyms = linux.read("/proc/ksyms").decode().splitlines()
    assert "c8800066 base_call\t[base]" in [line for line in ksyms if "base_call" in line]
    assert ksyms[-1] == "c0118000 GPLONLY_gplsym"


def test_proc_modules_is_one_page() -> None:
    linux = kernel()
    load(linux, "first", module())
    for at in range(150):
        linux.create_module(f"a_module_of_a_longer_name_{at}", 1000)
    text = linux.read("/proc/modules")
    assert 4096 - 64 < len(text) <= 4096
    assert text.startswith(b"a_module_of_a_longer_name_149    1000 (uninitialized)\n")


CHANGES = {
    "Size of initialized module exceeds size of created module.": {"size": 1 << 20},
    "mod->name out of bounds.": {"name": 0xC880_0000},
    "mod->syms out of bounds.": {"syms": 16, "nsyms": 1},
    "mod->deps out of bounds.": {"deps": 16, "ndeps": 1},
    "mod->init out of bounds.": {"init": 0xC880_0010},
    "mod->cleanup out of bounds.": {"cleanup": 0xC890_0000},
    "mod->ex_table_* invalid.": {"ex_table_start": 8, "ex_table_end": 4},
    "mod->flags invalid.": {"flags": 1},
    "mod->can_unload out of bounds.": {"can_unload": 4},
    "mod->kallsyms out of bounds.": {"kallsyms_start": 4, "kallsyms_end": 8},
    "mod->archdata out of bounds.": {"archdata_start": 4, "archdata_end": 8},
    "mod->kernel_data must be zero.": {"kernel_data": 1},
}


@pytest.mark.parametrize("words", CHANGES)
def test_init_module_looks_at_the_header(words: str) -> None:
    linux = kernel()
    load(linux, "made", module(exports=["call"]))
    image = bytearray(linux.given("made"))
    linux.delete_module("made")
    header = StructModule(image, ABI)
    for name, value in CHANGES[words].items():
        header[name] = value
    linux.create_module("made", len(image))
    assert code(linux, "init_module", "made", bytes(image)) == EINVAL
    assert linux.log()[-1].text == f"init_module: {words}"
    assert b"(uninitialized)" in linux.read("/proc/modules")


def test_init_module_wants_a_header_of_a_known_size() -> None:
    linux = kernel()
    load(linux, "made", module())
    image = bytearray(linux.given("made"))
    linux.delete_module("made")
    linux.create_module("made", len(image))
    for size in (60 - 1, SIZE + 65):
        StructModule(image, ABI)["size_of_struct"] = size
        assert code(linux, "init_module", "made", bytes(image)) == EINVAL
    texts = [line.text for line in linux.log()]
    assert texts[-2:] == [
        "init_module: Invalid module header size.",
        "A new version of the modutils is likely needed.",
    ]
    assert code(linux, "init_module", "absent", bytes(image)) == ENOENT


def test_init_module_knows_the_name_and_the_dependencies() -> None:
    linux = kernel()
    load(linux, "base", module(exports=["base_call"]))
    load(linux, "user", module(imports=["base_call"]))
    image = linux.given("user")
    linux.delete_module("user")
    linux.create_module("other", len(image))
    assert code(linux, "init_module", "other", image) == EINVAL
    assert linux.log()[-1].text == "init_module: changed module name to `user' from `other'"
    linux.delete_module("other")
    linux.create_module("user", len(image))
    linux.delete_module("base")
    assert code(linux, "init_module", "user", image) == EINVAL
    assert linux.log()[-1].text == "init_module: found dependency that is (no longer?) a module."


def test_insmod_removes_a_module_whose_init_fails(capsys: pytest.CaptureFixture[str]) -> None:
    linux = kernel(returns={"bad": -ENODEV, "odd": 1})
    for name, errno in (("bad", ENODEV), ("odd", EBUSY)):
        status, report = load(linux, name, module())
        assert (status, report.errors) == (1, 1)
        assert f"init_module: {os.strerror(errno)}" in capsys.readouterr().err
    assert linux.read("/proc/modules") == b""


def test_delete_module(linux: Linux24) -> None:
    assert code(linux, "delete_module", "absent") == ENOENT
    assert code(linux, "delete_module", "base") == EBUSY  # user needs it
    linux.use("user", 1)
    assert code(linux, "delete_module", "user") == EBUSY
    linux.use("user", -1)
    linux.delete_module("user")
    assert linux.query_module("base", REFS, 64) == (0, b"", 0)
    linux.delete_module("base")
    assert linux.read("/proc/modules") == b""


def test_autoclean_takes_two_passes_once_a_module_was_used(linux: Linux24) -> None:
    linux.delete_module(None)
    assert b"user" in linux.read("/proc/modules")  # nobody has used it yet
    linux.use("user", 1)
    linux.delete_module(None)
    assert b"user" in linux.read("/proc/modules")  # it is in use
    linux.use("user", -1)
    linux.delete_module(None)
    assert b"user" in linux.read("/proc/modules")  # it was visited
    linux.delete_module(None)
    assert b"user" not in linux.read("/proc/modules")
    assert b"base" in linux.read("/proc/modules")  # it is not autoclean


def test_autoclean_frees_a_whole_stack_at_once() -> None:
    linux = kernel()
    auto = InsmodOptions(autoclean=True)
    load(linux, "low", module(exports=["low_call"]), options=auto)
    load(linux, "mid", module(imports=["low_call"], exports=["mid_call"]), options=auto)
    load(linux, "top", module(imports=["mid_call"]), options=auto)
    linux.use("top", 1)
    linux.use("top", -1)
    linux.delete_module(None)  # clears VISITED
    linux.delete_module(None)
    assert linux.read("/proc/modules") == b""


def test_room_is_given_out_again(linux: Linux24) -> None:
    assert linux.create_module("third", 9000) == 0xC880_4000
    linux.delete_module("user")
    assert linux.create_module("fits", 4096) == 0xC880_2000
    assert linux.create_module("behind", 4097) == 0xC880_8000
