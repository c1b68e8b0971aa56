"""insmod of modutils 2.4.16: versions, licences, parameters, dependencies, options."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from pymodutils.linux24.conf.config import ModulesConf
from pymodutils.linux24.conf.search import key
from pymodutils.linux24.insmod.ksymtab import Origin
from pymodutils.linux24.insmod.loading import Loading
from pymodutils.linux24.insmod.options import InsmodOptions
from pymodutils.linux24.insmod.report import RunMessages
from pymodutils.linux24.obj import kallsyms
from pymodutils.linux24.struct_module import Abi, StructModule
from tests.linux24.objects import INFO, kernel, load, module

ABI = Abi(32, "little")
TAINTED = "/proc/sys/kernel/tainted"


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The printed lines."""
    out, err = capsys.readouterr()
    return out + err


def test_names() -> None:
    names = ("a/b.o", "c.mod", "d.o.gz", "e", "f.ko")
    assert list(map(key, names)) == ["b", "c", "d", "e", "f.ko"]


def test_another_kernel_version_needs_force(capsys: pytest.CaptureFixture[str]) -> None:
    linux, data = kernel(), module(info={**INFO, "kernel_version": "2.4.18"})
    assert load(linux, "made", data)[0] == 1
    words = "kernel-module version mismatch\n\t/v24/made.o was compiled for kernel version 2.4.18\n"
    assert words + "\twhile this kernel is version 2.4.32." in said(capsys)
    assert load(linux, "made", data, options=InsmodOptions(force=True))[0] == 0
    assert linux.read(TAINTED) == b"2\n"
    assert "forced load" in said(capsys)


def test_a_module_without_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert load(kernel(), "made", module(info={"license": "GPL"}))[0] == 1
    assert "couldn't find the kernel version the module was compiled for" in said(capsys)


def test_licences(capsys: pytest.CaptureFixture[str]) -> None:
    linux = kernel()
    assert load(linux, "free", module(imports=["gplsym"]))[0] == 0
    assert linux.read(TAINTED) == b"0\n"
    closed = module(info={**INFO, "license": "Closed"}, imports=["gplsym"])
    assert load(linux, "closed", closed)[0] == 1
    text = said(capsys)
    assert "unresolved symbol gplsym" in text
    assert "GPLONLY symbols" in text
    assert load(linux, "closed", module(info={**INFO, "license": "Closed"}))[0] == 0
    assert linux.read(TAINTED) == b"1\n"
    assert "will taint the kernel: non-GPL license - Closed" in said(capsys)
    del (bare := dict(INFO))["license"]
    assert load(linux, "bare", module(info=bare))[0] == 0
    assert "will taint the kernel: no license" in said(capsys)


def test_unresolved_symbols_but_weak_ones(capsys: pytest.CaptureFixture[str]) -> None:
    linux = kernel()
    assert load(linux, "made", module(imports=["absent"]), options=InsmodOptions(quiet=True))[0] == 1
    assert said(capsys) == ""
    assert load(linux, "made", module(weak=["absent"]))[0] == 0
    words = struct.unpack_from("<2I", linux.given("made"), 96)
    assert words == (0xC011_0000, 0)


def test_checksummed_names_meet_plain_ones() -> None:
    names = {"printk_R1b7d4074": 0xC011_0000, "Using_Versions": 0xC010_0000}
    linux = kernel(names)
    assert load(linux, "plain", module())[0] == 0  # the kernel has checksums, the module has not
    assert struct.unpack_from("<I", linux.given("plain"), 96) == (0xC011_0000,)
    checked = module(info={**INFO, "using_checksums": "1"}, imports=["printk_R1b7d4074"])
    assert load(kernel(), "checked", checked)[0] == 0  # and the other way around
    wrong = module(info={**INFO, "using_checksums": "1"}, imports=["printk_R00000000"])
    assert load(kernel({**names, "Using_Versions": 1}), "wrong", wrong)[0] == 1  # both have, and differ


def test_checksums_make_the_version_unimportant() -> None:
    names = {"printk_R1b7d4074": 0xC011_0000, "Using_Versions": 1}
    info = {**INFO, "using_checksums": "1", "kernel_version": "2.4.20"}
    assert load(kernel(names), "made", module(info=info, imports=["printk_R1b7d4074"]))[0] == 0


def test_the_prefix_of_checksums() -> None:
    names = {"printk_Rsmp_1b7d4074": 0xC011_0000, "Using_Versions": 1}
    linux = kernel(names, version="#1 SMP Mon Jul 14")
    assert load(linux, "made", module())[0] == 0
    assert load(kernel(names), "made", module())[0] == 1
    known = {**names, "inter_module_get_Rsmp_b99033d9": 0xC011_0010}
    assert load(kernel(known), "made", module())[0] == 0
    assert load(kernel(names), "made", module(), options=InsmodOptions(prefix="smp_"))[0] == 0


def test_dependencies_and_exports() -> None:
    linux = kernel()
    load(linux, "base", module(exports=["base_call"]))
    load(linux, "user", module(imports=["base_call"]))
    image = bytearray(linux.given("user"))
    header = StructModule(image, ABI)
    base = StructModule(bytearray(linux.given("base")), ABI)
    assert header["ndeps"] == 1
    start = header["deps"] - 0xC880_2000
    assert struct.unpack_from("<3I", image, start) == (0xC880_0000, 0xC880_2000, 0)
    assert struct.unpack_from("<I", image, 96) == (0xC880_0000 + 96 + 4 + 2,)
    assert base["nsyms"] == 3  # base_call, the file, .text
    load(
        linux, "hidden", module(exports=["hidden_call"]), options=InsmodOptions(export=False, ksymoops=False)
    )
    assert b"[hidden]" not in linux.read("/proc/ksyms")


PARAMETERS = {
    "n=5": (b"\5\0\0\0", None),
    "n=0x10": (b"\x10\0\0\0", None),
    "n=010": (b"\x08\0\0\0", None),
    "n=-1": (b"\xff\xff\xff\xff", None),
    "n=99999999999": (b"\xff\xff\xff\xff", None),
    "n=-99999999999": (b"\xff\xff\xff\xff", None),
    "pair=1,": (b"\1\0\0\0", None),
    "n=1,2": (None, "too many values for n (max 1)"),
    "n=1x": (None, "invalid argument syntax for n: 'x'"),
    "pair=1": (None, "too few values for pair (min 2)"),
    "pair=1,2": (b"\1\0\2\0", None),
    "pair=1 , 2": (b"\1\0\2\0", None),
    "word=ab": (b"ab\0\0\0\0\0\0", None),
    "word=abcdefg": (None, "string too long for word (max 7)"),
    'word="a,\\101"': (b"a,A\0\0\0\0\0", None),
    'word="a': (None, "improperly terminated string argument for word"),
    "gone=1": (None, "symbol for parameter gone not found"),
    "none=1": (None, "invalid parameter parm_none"),
}


@pytest.mark.parametrize("word", PARAMETERS)
def test_parameters(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    info = {**INFO, "parm_n": "i", "parm_pair": "2h", "parm_word": "c8", "parm_gone": "i"}
    name = word.partition("=")[0]
    sizes = {"n": 4, "pair": 4, "word": 8}
    data = module(info=info, data={name: bytes(sizes.get(name, 4))} if name in sizes else {"other": b"1234"})
    linux = kernel()
    status, _ = load(linux, "made", data, word)
    expected, complaint = PARAMETERS[word]
    assert status == (complaint is not None)
    if complaint:
        assert f"/v24/made.o: {complaint}" in said(capsys)
    elif expected:
        assert linux.given("made").endswith(expected)


def test_declared_parameters_without_symbol_are_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert load(kernel(), "made", module(info={**INFO, "parm_gone": "i"}))[0] == 0
    assert "Warning: /v24/made.o symbol for parameter gone not found" in said(capsys)


def test_options_of_no_effect_on_the_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    linux = kernel()
    assert load(linux, "made", module(), options=InsmodOptions(probe=True))[0] == 0
    assert load(linux, "made", module(), options=InsmodOptions(noload=True, load_map=True))[0] == 0
    assert "12340000 d __this_module" in said(capsys)
    assert linux.read("/proc/modules") == b""
    assert load(linux, "made", module(), options=InsmodOptions(name="called"))[0] == 0
    assert linux.read("/proc/modules").startswith(b"called ")
    assert load(linux, "called", module())[0] == 1
    assert "a module named called already exists" in said(capsys)


def test_a_module_of_another_machine(capsys: pytest.CaptureFixture[str]) -> None:
    linux = kernel()
    load(linux, "first", module())
    data = bytearray(module())
    data[18] = 4  # e_machine
    assert load(linux, "second", bytes(data))[0] == 1
    data[18] = 183
    assert load(linux, "third", bytes(data))[0] == 1
    assert said(capsys).count("not for this architecture") == 2


def test_a_persistent_string_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    data = module(info={**INFO, "parm_word": "sp"}, data={"word": bytes(4)})
    assert load(kernel(), "made", data)[0] == 1
    assert "/v24/made.o: parameter word is invalid persistent string" in said(capsys)


def test_persistent_parameters_come_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "made"
    file.write_text("# of the last time\n  n=7\ngone=1\n")
    linux, data = kernel(), module(info={**INFO, "parm_n": "ip"}, data={"n": bytes(4)})
    config = ModulesConf("2.4.32")
    path = f"{config.paths[0][1]}/made.o"
    loading = Loading(
        linux, path, InsmodOptions(persist=str(file)), RunMessages("insmod", verbose=True), config
    )
    assert loading.run(data, (), Origin(path, 0)) == 0
    assert linux.given("made").endswith(b"\7\0\0\0")
    assert f"__insmod_made_P{file}".encode() in linux.given("made")
    out = said(capsys)
    assert "ignoring gone=1" in out
    assert "has persistent data but the kernel is too old to support it" in out
    config.persistdir = str(tmp_path)
    options = InsmodOptions(persist="", name="again")
    again = Loading(linux, path, options, RunMessages("insmod"), config)
    assert again.run(data, (), Origin(path, 0)) == 0
    assert f"__insmod_again_P{file}".encode() in linux.given("again")


SYMBOLS = {
    "both": ({"__start___kallsyms": 1, "__stop___kallsyms": 2}, True),
    "with checksums": ({"__start___kallsyms_R1b7d4074": 1, "__stop___kallsyms_R1b7d4074": 2}, True),
    "empty": ({"__start___kallsyms": 2, "__stop___kallsyms": 2}, False),
    "none": ({"printk": 1}, False),
}


@pytest.mark.parametrize("case", SYMBOLS)
def test_kernels_with_kallsyms(case: str) -> None:
    names, expected = SYMBOLS[case]
    assert kallsyms.in_kernel([(value, name) for name, value in names.items()]) == expected
