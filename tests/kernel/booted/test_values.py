"""C types and values, compared with gcc's layout."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pymodutils.dwarf.debug_info import DebugInfo
from pymodutils.dwarf.types import DwarfTypes
from pymodutils.elf.ctype import Array, Integer, Pointer, Struct
from pymodutils.kernel.booted import values, words
from pymodutils.kernel.booted.memory import BadValue, Detached
from pymodutils.kernel.booted.values import KernelObject
from tests.oracles.debian import Unavailable

TYPES = """
#include <stddef.h>
#include <stdio.h>
enum color { RED, GREEN = 5, NONE = -1 };
struct inner { short a; union { unsigned char low; unsigned bits; }; };
struct outer {
    unsigned count; char name[16]; struct inner pair[2][3]; struct outer *next; enum color color; _Bool on;
    long long sum; unsigned flag : 3, : 2, rest : 11; int sign : 4; unsigned char raw[4]; const char *text;
};
"""
PROGRAM = """
int main(void)
{
    static struct outer o = {
        .count = 4000000000u, .name = "first", .pair[1][2] = { .a = -7, .bits = 0x01020304 },
        .next = (void *)16, .color = NONE, .on = 1, .sum = -5, .flag = 5, .rest = 1025, .sign = -3,
        .raw = { 1, 2, 3, 255 },
    };
    fwrite(&o, sizeof(o), 1, stdout);
    return 0;
}
"""
USE = "struct outer global; int f(struct outer *o, const char *name, enum color c, ...) { return o->count; }"
CHAR, INT = Integer("char", 1, signed=True, character=True), Integer("int", 4, signed=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[DwarfTypes, bytes]:
    if not shutil.which("gcc"):
        raise Unavailable("no gcc (package gcc)")
    folder = tmp_path_factory.mktemp("types")
    (folder / "use.c").write_text(TYPES + USE)
    (folder / "print.c").write_text(TYPES + PROGRAM)
    subprocess.run(["gcc", "-g", "-c", "use.c"], cwd=folder, check=True)
    subprocess.run(["gcc", "-o", "print", "print.c"], cwd=folder, check=True)
    printed = subprocess.run([folder / "print"], capture_output=True, check=True).stdout
    return DwarfTypes(DebugInfo(Path(folder / "use.o").read_bytes())), printed


@pytest.fixture
def outer(built: tuple[DwarfTypes, bytes]) -> KernelObject:
    kind = built[0].named("struct outer")
    assert isinstance(kind, Struct)
    assert kind.size == len(built[1])
    return KernelObject(Detached(built[1]), kind, 0)


def test_members_are_read_as_the_compiler_wrote_them(outer: KernelObject) -> None:
    assert (outer.count, outer.name, outer.sum, outer.on) == (4_000_000_000, "first", -5, True)
    assert (outer.flag, outer.rest, outer.sign) == (5, 1025, -3)
    assert (outer.color, repr(outer.color), outer.raw) == ("NONE", "NONE", b"\x01\x02\x03\xff")
    assert (outer.pair[1][2].a, outer.pair[1][2].low, outer.pair[1][-1].bits) == (-7, 4, 0x01020304)
    assert (int(outer.next), repr(outer.next)) == (16, "(struct outer *)0x10")


def test_members_are_written_as_the_compiler_does(
    outer: KernelObject, built: tuple[DwarfTypes, bytes]
) -> None:
    kind, ram = outer._type, Detached(bytes(len(built[1])))
    new = KernelObject(ram, kind, 0)
    new.count, new.name, new.sum, new.on, new.next = 4_000_000_000, "first", -5, True, 16
    new.flag, new.rest, new.sign, new.color, new.raw = 5, 1025, -3, "NONE", b"\1\2\3\xff"
    new.pair[1][2] = {"a": -7, "bits": 0x01020304}
    assert bytes(ram.data) == built[1]
    assert new == outer


def test_what_does_not_fit_is_refused(outer: KernelObject) -> None:
    for name, value in (
        ("count", -1),
        ("count", 1 << 32),
        ("flag", 8),
        ("name", "x" * 17),
        ("color", "BLACK"),
    ):
        with pytest.raises(BadValue):
            setattr(outer, name, value)
    with pytest.raises(AttributeError, match="did you mean 'count'"):
        _ = outer.cuont
    with pytest.raises(IndexError):
        _ = outer.pair[2]


def test_prototypes(built: tuple[DwarfTypes, bytes]) -> None:
    found = built[0].function("f")
    assert str(found) == "int f(struct outer *o, char *name, enum color c, ...)"
    assert str(built[0].variable("global")) == "struct outer"
    assert built[0].function("global") is None


def test_numbers_and_errors_of_the_kernel() -> None:
    assert repr(values.decode(Detached(b""), INT, 0xFFFFFFF4)) == "-12"
    assert repr(words.status(-12)) == "-ENOMEM"
    assert repr(words.status(-517)) == "-EPROBE_DEFER"
    assert words.status(-5000) == -5000
    pointer = values.decode(Detached(b""), Pointer(lambda: INT), (1 << 64) - 22)
    assert (pointer, repr(pointer)) == (-22, "-EINVAL")


def test_pointers_are_followed() -> None:
    ram = Detached(b"\0\0\0\0hello\0\0\0" + (7).to_bytes(4, "little"))
    assert values.decode(ram, Pointer(lambda: CHAR), 4).string() == "hello"
    assert values.decode(ram, Pointer(lambda: INT), 4)[2] == 7
    assert values.load(ram, Array(CHAR, 8), 4) == "hello"
