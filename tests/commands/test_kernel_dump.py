"""``pymodutils kernel dump``, compared with hexdump."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR
from pymodutils.elf.scan import Elf
from tests.kernel.emulated.modules import kernel, module
from tests.link.objects import Part
from tests.oracles.debian import Unavailable

CONTENTS = {
    ".every": bytes(range(256)),
    ".odd": b"seventeen bytes..",
    ".same": b"\0" * 100,
    ".twice": (b"ab" * 8 * 3 + b"cd" * 8) * 2 + b"ab" * 8 + b"ab" * 3,
    ".noise": b"".join(sha256(bytes([at])).digest() for at in range(31)) + b"end",
    ".one": b"\n",
}


def run(state: Path, *words: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "pymodutils", "kernel", "dump", *map(str, words)]
    settings = {**os.environ, "PYMODUTILS_BACKEND": f"emulated:{state}"}
    return subprocess.run(command, capture_output=True, check=False, env=settings)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "k.state"
    parts = [Part(name, data, SHF_ALLOC) for name, data in CONTENTS.items()]
    kernel(str(path)).init_module(module(parts=[*parts, Part(".init.rodata", b"gone", SHF_ALLOC)]))
    return path


@pytest.mark.parametrize("section", CONTENTS)
def test_hex_is_that_of_hexdump(state: Path, section: str) -> None:
    """Except for the address, which hexdump counts from 0."""
    program = shutil.which("hexdump")
    if program is None:
        raise Unavailable("no hexdump (package bsdextrautils)")
    theirs = subprocess.run([program, "-C"], input=CONTENTS[section], capture_output=True, check=True).stdout
    ours = run(state, "made", section).stdout
    base = int(ours.split()[0], 16)
    assert [_moved(line, base) for line in theirs.splitlines()] == ours.splitlines()


def _moved(line: bytes, base: int) -> bytes:
    """A line of hexdump with ``base`` added to its address."""
    return line if line == b"*" else b"%016x%s" % (int(line[:8], 16) + base, line[8:])


@pytest.mark.parametrize("section", CONTENTS)
def test_raw_is_what_is_in_the_file(state: Path, section: str, tmp_path: Path) -> None:
    assert run(state, "made", section, "--format", "raw").stdout == CONTENTS[section]
    assert run(state, "made", section, "--format", "raw", "-o", tmp_path / "x").stdout == b""
    assert (tmp_path / "x").read_bytes() == CONTENTS[section]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["absent", ".text"], "module absent is not in the kernel"),
        (["made", "absent"], "module made has no section absent in memory"),
        (["made", ".init.rodata"], ".init.rodata of made was discarded when init() had ended"),
        (["made"], "missing argument: pymodutils kernel dump [OPTIONS] NAME SECTION"),
    ],
)
def test_errors_are_one_line_and_status_1(state: Path, words: list[str], message: str) -> None:
    done = run(state, *words)
    assert (done.returncode, done.stdout) == (1, b"")
    assert message in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


SOURCE = b"""#define CODE __attribute__((noinline, section(".code")))
static int CODE helper(int x);
static int helper(int x) { return x * 3; }
int CODE start(void)
{
	return helper(7) + 1;
}
"""


def test_source_lines_stand_beside_the_bytes(tmp_path: Path) -> None:
    if not (shutil.which("gcc") and shutil.which("addr2line")):
        raise Unavailable("no gcc or binutils")
    (tmp_path / "made.c").write_bytes(SOURCE)
    debug = tmp_path / "made.o"
    subprocess.run(["gcc", "-c", "-g", "-O1", tmp_path / "made.c", "-o", debug], check=True)
    code = Elf(debug.read_bytes()).section(".code") or b""
    text = [Part(".code", code, SHF_ALLOC | SHF_EXECINSTR)]
    kernel(str(tmp_path / "k")).init_module(module("other", parts=text))
    done = run(tmp_path / "k", "other", ".code", "--source", debug)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in done.stdout.decode().splitlines()[:-1]]
    base, seen = int(rows[0][0].split()[0], 16), b""
    for row in rows:
        address, *given = row[0].split()
        words = ["addr2line", "-fse", str(debug), "-j", ".code", hex(int(address, 16) - base)]
        name, line = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("\n")[:2]
        assert row[-1].strip() in ("", f"{name}, {line}")
        seen += bytes.fromhex("".join(given))
    assert seen == code
    labels = [row[-1].strip() for row in rows]
    assert labels[0] == "helper, made.c:3"
    assert "start, made.c:6" in labels


def test_source_of_another_module_is_refused(state: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.ko"
    other.write_bytes(module(parts=[Part(".odd", b"short", SHF_ALLOC)]))
    done = run(state, "made", ".odd", "--source", other)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().endswith("has 5 bytes of .odd, made 17: not the module that was loaded\n")
