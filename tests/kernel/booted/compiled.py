"""Functions compiled by gcc, in this process, which acts as the guest."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pymodutils.dwarf.debug_info import DebugInfo
from pymodutils.dwarf.types import DwarfTypes
from pymodutils.elf.ctype import Function
from pymodutils.kernel.booted.arguments import Call
from pymodutils.machine.results import Returned
from pymodutils.machine.x86_64 import CALLS

SOURCE = """
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
struct small { int a; short b; };
struct two { long a, b; };
struct odd { long a; char b; };
struct big { long a[3]; };
static char text[200];
char *show(struct two t, int c, unsigned char d, struct two u, short e, struct big f, long g)
{
    sprintf(text, "%ld %ld %d %d %ld %ld %d %ld %ld %ld %ld",
            t.a, t.b, c, d, u.a, u.b, e, f.a[0], f.a[1], f.a[2], g);
    return text;
}
char *after(long a, long b, long c, long d, long e, struct two t, long f, int g)
{
    sprintf(text, "%ld %ld %ld %ld %ld %ld %ld %ld %d", a, b, c, d, e, t.a, t.b, f, g);
    return text;
}
int negated(int value) { return -value; }
signed char low(signed char value) { return value; }
unsigned int wrapped(unsigned int value) { return value; }
_Bool set(_Bool value) { return value; }
struct small small(int a, short b) { struct small s = { a, b }; return s; }
struct two two(long a, long b) { struct two t = { a, b }; return t; }
struct odd odd(long a, char b) { struct odd o = { a, b }; return o; }
struct big big(long a, long b, long c) { struct big x = { { a, b, c } }; return x; }
char *null(void) { return 0; }
char *error(long number) { return (char *)number; }
void fill(int *out, int count) { for (int i = 0; i < count; i++) out[i] *= i + 1; }
void swap(struct two *t) { long a = t->a; t->a = t->b; t->b = a; }
int length(const char *s) { return strlen(s); }
int lengths(const char **s, int n) { return n ? strlen(*s) + lengths(s + 1, n - 1) : 0; }
int first(void *data) { return *(unsigned char *)data; }
void clear(unsigned char *data, long size) { memset(data, 0, size); }
int is_null(void *p) { return !p; }
long total(int count, ...)
{
    va_list ap; long sum = 0;
    va_start(ap, count);
    for (int i = 0; i < count; i++) sum += va_arg(ap, long);
    return sum + strlen(va_arg(ap, char *));
}
"""


class TwoWords(ctypes.Structure):
    """RAX and RDX."""

    _fields_ = (("low", ctypes.c_uint64), ("high", ctypes.c_uint64))


class Process:
    """This process as a guest: its memory, and functions called with words in registers and on the stack."""

    def __init__(self) -> None:
        self.machine, self.calls = SimpleNamespace(space=self), CALLS
        self.blocks: dict[int, Any] = {}

    def read(self, address: int, length: int) -> bytes:
        return ctypes.string_at(address, length)

    def write(self, address: int, data: bytes) -> None:
        ctypes.memmove(address, data, len(data))

    def string(self, address: int) -> bytes:
        return ctypes.string_at(address)

    def allocate(self, data: bytes) -> int:
        block = ctypes.create_string_buffer(data, len(data))
        self.blocks[ctypes.addressof(block)] = block
        return ctypes.addressof(block)

    def free(self, place: int) -> None:
        del self.blocks[place]

    def run(
        self,
        address: int,
        *words: int,
        stack: list[int],
        wide: bool,
        place: int,  # noqa: ARG002 -- not on x86-64
    ) -> Returned:
        """As ``Guest.run``: six words in registers, the others on the stack."""
        given = [*words, *stack]
        kind = ctypes.CFUNCTYPE(TwoWords if wide else ctypes.c_uint64, *[ctypes.c_uint64] * len(given))
        found = kind(address)(*(word & (1 << 64) - 1 for word in given))
        return Returned(found.low | found.high << 64 if wide else found)


class Library:
    """The compiled functions, by their DWARF."""

    def __init__(self, folder: Path) -> None:
        (folder / "use.c").write_text(SOURCE)
        subprocess.run(["gcc", "-g", "-O1", "-w", "-c", "-fPIC", "use.c"], cwd=folder, check=True)
        subprocess.run(["gcc", "-shared", "-o", "use.so", "use.o"], cwd=folder, check=True)
        self.types = DwarfTypes(DebugInfo((folder / "use.o").read_bytes()))
        self.code = ctypes.CDLL(str(folder / "use.so"))

    def prototype(self, name: str) -> Function:
        found = self.types.function(name)
        assert found
        return found

    def call(self, name: str, *arguments: object) -> Any:
        process = Process()
        call = Call(process, self.prototype(name))  # type: ignore[arg-type]
        address = ctypes.cast(getattr(self.code, name), ctypes.c_void_p).value
        result = call.run(address or 0, arguments)
        assert isinstance(result, Returned)
        found = call.returned(result)
        assert not process.blocks, "memory is left allocated"
        return found
