"""In a guest: refused relocations, and both messages."""

from __future__ import annotations

import os
import re
from struct import pack_into, unpack_from
from typing import Any, NamedTuple

from pymodutils.arch.model import Arch
from pymodutils.arch.x86 import UM, X86_64
from pymodutils.elf import compress
from pymodutils.elf.scan import Elf
from pymodutils.link.areas import SEVEN_AREAS, TWO_AREAS
from pymodutils.link.failure import LinkError
from pymodutils.link.frob import frob
from pymodutils.link.image import Image
from pymodutils.link.layout import LayoutConfig, layout
from pymodutils.link.object import Object
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify
from pymodutils.names import of_path
from tests.lanes.guest.insert import insert, without_init
from tests.lanes.guest.observed import exports, kallsyms

PLT32 = 4
CALLS = (PLT32, 1)  # the latter in User Mode Linux, whose modules may be anywhere


class Wrong(NamedTuple):
    """A way to damage the first call of an import."""

    number: int
    addend: int = 0
    before: int = 0  # the first byte of the place


WRONGS = (
    *(Wrong(99), Wrong(11, 1 << 40), Wrong(11, -(1 << 40)), Wrong(10, 1 << 40), Wrong(10, -(1 << 40))),
    *(
        Wrong(PLT32, -4, before=1),
        Wrong(1, 16, before=1),
        Wrong(24, 16, before=1),
        Wrong(11, 1 << 40, before=1),
    ),
)


def refusals(path: str, switches: dict[str, Any], kernel: str = "") -> list[list[list[str]]]:
    """For each of WRONGS applied to ``path``: our errno and lines, and the kernel's."""
    config = LayoutConfig(TWO_AREAS, **switches)
    return _all(path, UM if kernel else X86_64, config, exports(kernel) if kernel else kallsyms())


def later_refusals(path: str, switches: dict[str, Any]) -> list[list[list[str]]]:
    """The same in a kernel of 6.12."""
    return _all(path, X86_64, LayoutConfig(SEVEN_AREAS, release=(6, 12), **switches), kallsyms())


def _all(path: str, arch: Arch, config: LayoutConfig, symbols: dict[str, int]) -> list[list[list[str]]]:
    data, name = without_init(compress.read(path)), of_path(path)
    return [_both(spoilt(data, wrong), name, arch, config, symbols) for wrong in WRONGS]


def spoilt(data: bytes, wrong: Wrong) -> bytes:
    """``data`` with the first call of an import damaged."""
    elf = Elf(data)
    sections = elf.sections
    table = next(section for section in sections if section.name == ".rela.text")
    text, symtab = sections[table.sh_info], elf.section(".symtab") or b""
    copy = bytearray(data)
    for at in range(table.sh_offset, table.sh_offset + table.sh_size, 24):
        offset, number, symbol = unpack_from("<QII", data, at)
        if number in CALLS and unpack_from("<H", symtab, 24 * symbol + 6) == (0,):
            pack_into("<QIIq", copy, at, offset, wrong.number, symbol, wrong.addend)
            copy[text.sh_offset + offset] = wrong.before
            return bytes(copy)
    raise LookupError("no call of an import")


def _both(
    data: bytes, name: str, arch: Arch, config: LayoutConfig, symbols: dict[str, int]
) -> list[list[str]]:
    module = frob(Object(data, Elf(data).sections, arch, name), config, name)
    bases = [0xFFFF_FFFF_C000_0000 + (area << 20) for area in range(len(config.plan.areas))]
    image = Image(module, layout(module, config), bases)
    ours: list[str] = []
    try:
        relocate(image, simplify(image, name, symbols.get, lambda _, __: None), name)
    except LinkError as error:
        ours = [str(error.errno), *error.log]
    return [[_unhashed(line) for line in lines] for lines in (ours, _theirs(data, name))]


def _theirs(data: bytes, name: str) -> list[str]:
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    os.lseek(log, 0, os.SEEK_END)
    try:
        insert(data, name)
        code = 0
    except OSError as error:
        code = error.errno or 0
    lines = [str(code)]
    while True:
        try:
            lines.append(os.read(log, 8192).decode().split(";", 1)[1].splitlines()[0])
        except BlockingIOError:
            os.close(log)
            return [
                line for line in lines if not line.startswith((f"{name}: loading", f"{name}: module verif"))
            ]


def _unhashed(line: str) -> str:
    """``line`` without the hashed pointer and distances from it.

    (They are in the line that later kernels print.)
    """
    hashed = re.sub(r"loc [0-9a-f]{16}", "loc HASH", line)
    return re.sub(r"(Invalid .* type (?:4|24), loc HASH, val) \w+", r"\1 FAR", hashed)
