"""Functions and lines of relocations, compared with addr2line."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymodutils.checks.candidate import Candidate
from pymodutils.checks.context import Context
from pymodutils.checks.messages.places import patched, used
from pymodutils.dwarf.debug_info import DebugInfo
from pymodutils.elf.scan import Elf
from pymodutils.kernel.emulated.load.causes import Cause, CauseKind

SOURCE = """extern int missing(int);
extern int gone(const char *);
static int __attribute__((noinline)) helper(int x)
{
	return missing(x) + 1;
}
int __attribute__((section(".init.text"))) hello_init(void)
{
	gone("a");
	return helper(3) + missing(4);
}
"""


def compiled(folder: Path, *words: str) -> Path:
    if not shutil.which("gcc"):
        pytest.skip("no gcc on this machine")
    (folder / "hello.c").write_text(SOURCE)
    made = folder / "hello.o"
    options = ("-c", "-O1", "-fno-pic", *words)
    subprocess.run(["gcc", *options, folder / "hello.c", "-o", made], check=True)
    return made


def context(path: str, *, detailed: bool = True) -> Context:
    """A minimal context for the location of a symbol."""
    nothing: Any = None
    others = dict.fromkeys(Context._fields, nothing)
    return Context(**{**others, "module": Candidate("hello", path, path), "detailed": detailed})


def addr2line(path: Path, section: str, offset: int) -> str:
    words = ["addr2line", "-fse", str(path), "-j", section, hex(offset)]
    name, line = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("\n")[:2]
    return f"{name}, {line}"


@pytest.mark.parametrize("debug", ["-gdwarf-4", "-gdwarf-5"])
def test_lines_of_every_byte(debug: str, tmp_path: Path) -> None:
    path = compiled(tmp_path, debug)
    module = DebugInfo(path.read_bytes())
    assert module.elf is not None
    names = [section.name for section in module.elf.iter_sections()]
    for section in (".text", ".init.text"):
        number = names.index(section)
        for offset in range(module.elf.get_section(number)["sh_size"]):
            assert module.where(number, offset) == addr2line(path, section, offset)


def test_uses_with_and_without_lines(tmp_path: Path) -> None:
    module = DebugInfo(compiled(tmp_path, "-g").read_bytes())
    assert module.uses("missing") == ["helper, hello.c:5", "hello_init, hello.c:10"]
    assert module.uses("gone") == ["hello_init, hello.c:9"]
    assert module.uses("nothing") == []
    plain = DebugInfo(compiled(tmp_path, "-g0").read_bytes()).uses("missing")
    assert [place.partition("+")[0] for place in plain] == ["helper", "hello_init"]


def test_check_says_where_a_symbol_is_used(tmp_path: Path) -> None:
    path = compiled(tmp_path, "-g").rename(tmp_path / "hello.ko")
    found = used(context(str(path)), "missing")
    assert found.text == "; missing is used in helper, hello.c:5, hello_init, hello.c:10"
    assert found.source == f"{tmp_path}/hello.c:5"
    assert used(context(str(path), detailed=False), "missing") == ("", "")
    assert used(context(str(tmp_path / "absent.ko")), "missing") == ("", "")


def test_check_says_where_a_relocation_does_not_fit(tmp_path: Path) -> None:
    path = compiled(tmp_path, "-g").rename(tmp_path / "hello.ko")
    offset = int.from_bytes(b"\1", "little")
    cause = Cause(CauseKind.RELOCATION, "missing", "overflow", section=".init.text", offset=offset)
    function, line = addr2line(path, ".init.text", offset).split(", ")
    found = patched(context(str(path)), cause)
    assert found == (f"; it is in {function}, {line}", f"{tmp_path}/{line}")
    assert patched(context(str(path)), cause._replace(section="")) == ("", "")
    assert patched(context(str(path), detailed=False), cause) == ("", "")


def test_rows_of_a_section_begin_where_lines_do(tmp_path: Path) -> None:
    module = DebugInfo(compiled(tmp_path, "-g").read_bytes())
    assert module.elf is not None
    size = len(Elf(bytes(module.data)).section(".text") or b"")
    rows = module.rows(".text", size)
    for (start, label), (end, _) in zip(rows, [*rows[1:], (size, "")], strict=True):
        assert {addr2line(tmp_path / "hello.o", ".text", at) for at in range(start, end)} == {label}
    assert rows[0][0] == 0
    assert module.rows(".absent", 4) == [(0, "")]


def test_compressed_debug_information_counts_as_it_is_decompressed(tmp_path: Path) -> None:
    data = bytearray(compiled(tmp_path, "-g", "-gz").read_bytes())
    assert DebugInfo(bytes(data)).uses("gone") == ["hello_init, hello.c:9"]
    module = DebugInfo(bytes(data))
    assert module.elf is not None
    line = module.elf.get_section_by_name(".debug_line")
    assert line is not None
    start = line["sh_offset"] + 8  # ch_size; gABI, Elf64_Chdr
    data[start : start + 8] = (1 << 40).to_bytes(8, "little")
    assert [it.partition("+")[0] for it in DebugInfo(bytes(data)).uses("gone")] == ["hello_init"]


@given(st.data())
def test_damage_is_no_use(data: st.DataObject) -> None:
    whole = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    module = DebugInfo(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    assert isinstance(module.uses("missing"), list)


def _whole() -> bytes:
    from tempfile import TemporaryDirectory  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        return compiled(Path(folder), "-g").read_bytes()


WHOLE = _whole() if shutil.which("gcc") else b""
