"""``pymodutils talk`` runs, and its lines are true."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from pymodutils.arch.sparc import SPARC64
from pymodutils.arch.x86 import I386
from pymodutils.kernel.emulated.rules import assumptions
from pymodutils.talk import lines, ways
from tests.oracles.modprobe import here

FILES = (
    *("hello.o", "hello.ko", "hello.klm", "hello-sparc64.ko", "ksyms"),
    *("k26.json", "versions.json", "sparc64.json"),
)


def test_it_runs() -> None:
    done = here(tool="talk")
    assert (done.err, done.status) == ("", 0)
    titles = re.findall(r"^(.+)\n=+$", done.out, re.MULTILINE)
    assert titles == [
        *("The module", "The old way", "The new way", "The road not taken", "In numbers"),
        "Dave Miller gets his page back",
    ]
    assert "hello: the answer is 42" in done.out


def test_the_old_way_takes_four_kinds_of_calls() -> None:
    found, calls = ways.old_way()
    assert [call.partition("(")[0] for call in calls] == [
        *("query_module", "query_module", "create_module", "init_module")
    ]
    assert f'create_module("hello", {found.handed}) = 0xc8800000' in calls
    assert found.memory == found.handed


def test_nothing_has_to_be_assumed_about_the_kernels() -> None:
    assert [assumptions(ways.description(arch)) for arch in (I386, SPARC64)] == [[], []]


def test_the_new_way_takes_one_and_the_file_as_it_is() -> None:
    found, kernel = ways.new_way()
    assert (found.calls, found.handed) == (1, len(ways.module(ways.NEW)))
    assert "hello" in kernel.read("/proc/modules").decode()


def test_the_third_way_says_why_it_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "unicorn", None)
    for door in ("engine", "foreign"):
        monkeypatch.delitem(sys.modules, f"pymodutils.machine.{door}", raising=False)
    assert ways.shared_way()[1] == ["no machine without unicorn: pip install 'pymodutils[machine]'"]


def test_sparc64_is_below_4_gib_with_its_struct_module() -> None:
    out = " ".join(here(tool="talk").out.split())
    assert "The module is at 0x10000000, below 4 GiB." in out
    assert "of 688 bytes is where D stands at 0xff8" in out


@pytest.mark.parametrize("columns", [80, 76])
def test_it_fits_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert max(map(len, here(tool="talk").out.splitlines())) <= columns


def test_tables_fit_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    out = here(tool="talk").out
    part = out[out.index("In numbers") : out.index("Dave Miller")].splitlines()
    assert "    handed over 4,352" in part
    assert max(map(len, part)) <= 40
    assert max(map(len, re.findall(r"^ *0x\w+ [A-Za-z.|-]+$", out, re.MULTILINE))) <= 40


def test_lines_are_counted() -> None:
    user, kernel = lines.ours("old way")
    assert user > 1000
    assert kernel > 500
    assert lines.ours("shared object")[0] == 0


def test_it_keeps_what_the_page_works_on(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "talk"
    done = here("--keep", str(folder), tool="talk")
    assert (done.err, done.status) == ("", 0)
    assert done.out == f"{folder}: {' '.join(FILES)}\n"
    assert {file.name for file in folder.iterdir()} == {*FILES}
    assert folder.joinpath("hello.ko").read_bytes() == ways.module(ways.NEW)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = here("--keep", str(tmp_path / "file" / "talk"), tool="talk")
    assert done.status == 1
    assert re.fullmatch(r"talk: ERROR: .*file/talk.*Not a directory.*\n", done.err)
