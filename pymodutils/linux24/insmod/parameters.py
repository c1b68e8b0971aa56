"""Write parameters on insmod's command line, NAME=VALUE[,VALUE]..., into the module's data.

.modinfo has the format: parm_NAME=[MIN[-MAX]]{b,h,i,l,s,cN}, for bytes, shorts, ints, longs, strings, or
arrays of N characters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.errors import BadModule
from pymodutils.linux24.obj import modinfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.linux24.insmod.report import RunMessages
    from pymodutils.linux24.obj.file import ObjFile
    from pymodutils.linux24.obj.sections import ObjSection

FORMAT: Final = re.compile(r"(?:(\d+)(?:-(\d*))?)?(.?)(\d*)(.*)", re.DOTALL)
NUMBER: Final = re.compile(r"\s*[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)")  # as strtoul with base 0
ESCAPES: Final = {"a": "\a", "b": "\b", "e": "\033", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
OCTAL: Final = re.compile(r"[0-7]{1,3}")
SPACE: Final = " \t\n\v\f\r"


class ParmFormat(NamedTuple):
    """The number and type of values of a parameter; 0 is no limit."""

    least: int
    most: int
    type: str
    size: str  # digits after "c"
    rest: str

    @classmethod
    def parse(cls, text: str) -> ParmFormat:
        """The format ``text`` from .modinfo."""
        found = FORMAT.match(text)
        least, most, kind, size, rest = found.groups() if found else (None, None, "", "", "")
        first = 1 if least is None else int(least)
        return cls(first, first if most is None else int(most or 0), kind, size, rest)


class Wrong(Exception):
    """An invalid parameter on the command line."""


def check(module: ObjFile, report: RunMessages) -> bool:
    """Warn about invalid declarations in .modinfo; return whether some parameters are persistent."""
    persistent = False
    for key, value in modinfo.entries(module):
        if not key.startswith("parm_") or key.startswith("parm_desc_"):
            continue
        if value is None:
            report.error(f"parameter {key} found with no value")
            return False
        name = key.removeprefix("parm_")
        fault, persists = _fault(module, name, value, report)
        if fault:
            report.warn(fault)
            return False  # modutils stops here
        if persists and ParmFormat.parse(value).type == "s":
            report.error(f"parameter {name} is invalid persistent string")
            return False
        persistent = persistent or persists
    return persistent


def _fault(module: ObjFile, name: str, value: str, report: RunMessages) -> tuple[str, bool]:
    """The fault in the declaration of a parameter, or "", and whether it is persistent."""
    about, form = report.about, ParmFormat.parse(value)
    if module.symbols.find(name) is None:
        return f"Warning: {about} symbol for parameter {name} not found", False
    rest = form.rest if form.type == "c" else form.size + form.rest
    what = ""
    if form.most < form.least:
        about, what = f"Warning: {about}", "has max < min!"
    elif form.type == "c" and not form.size:
        what = "has no size after 'c'!"
    elif not form.type:
        what = "has no format character!"
    elif form.type not in "bchils":
        what = f"has unknown format character '{form.type}'"
    elif rest and not rest.startswith("p"):
        what = f"has unknown format modifier '{rest[0]}'"
    return f"{about} parameter {name} {what}" if what else "", not what and rest.startswith("p")


def process(module: ObjFile, words: Sequence[str], report: RunMessages, *, required: bool = True) -> bool:
    """Write the parameters in ``words`` to the data; report errors and return whether there were none.

    An undeclared parameter is an error only if ``required``.
    """
    typed = modinfo.value(module, "kernel_version") is not None
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            continue
        value = modinfo.value(module, f"parm_{name}") if typed else "i" if text[:1].isdigit() else "s"
        if value is None:
            if required:
                report.error(f"invalid parameter parm_{name}")
                return False
            report.detail(f"ignoring {word}")
            continue
        form = ParmFormat.parse(value) if typed else ParmFormat(0, 0, value, "", "")
        try:
            _set(module, name, text, form)
        except Wrong as wrong:
            report.error(str(wrong))
            return False
    return True


def _set(module: ObjFile, name: str, text: str, form: ParmFormat) -> None:
    """Write one parameter; raises Wrong."""
    symbol = module.symbols.find(name)
    if symbol is None or symbol.section >= len(module.sections):
        raise Wrong(f"symbol for parameter {name} not found")
    place = _Place(module, module.sections[symbol.section], symbol.value)
    at, count = 0, 1  # modutils counts commas, and only if there is a maximum
    while at < len(text):
        value, at = _string(name, text, at) if form.type in ("s", "c") else _number(name, text, at, form)
        place.put(name, value, form)
        while at < len(text) and text[at] in SPACE:
            at += 1
        if at == len(text):
            break
        if text[at] != ",":
            raise Wrong(f"invalid argument syntax for {name}: '{text[at]}'")
        count += bool(form.most)
        if form.most and count > form.most:
            raise Wrong(f"too many values for {name} (max {form.most})")
        at += 1
    if form.least and count < form.least:
        raise Wrong(f"too few values for {name} (min {form.least})")


def _number(name: str, text: str, at: int, form: ParmFormat) -> tuple[str, int]:
    if form.type not in tuple("bhil"):
        raise Wrong(f"unknown parameter type '{form.type}' for {name}")
    found = NUMBER.match(text, at)
    return (found[0], found.end()) if found else ("0", at)


def _string(name: str, text: str, at: int) -> tuple[str, int]:
    """A string: quoted with C escapes, or up to a comma."""
    if text[at] != '"':
        end = text.find(",", at)
        return (text[at:], len(text)) if end < 0 else (text[at:end], end)
    made, at = "", at + 1
    while text[at : at + 1] != '"':
        if at >= len(text):
            raise Wrong(f"improperly terminated string argument for {name}")
        letter, at = text[at], at + 1
        if letter == "\\":
            octal = OCTAL.match(text, at)
            letter = (
                chr(int(octal[0], 8) & 0xFF) if octal else ESCAPES.get(text[at : at + 1], text[at : at + 1])
            )
            at = octal.end() if octal else at + 1
        made += letter
    return made, at + 1


class _Place:
    """The place of the next value of a parameter."""

    def __init__(self, module: ObjFile, section: ObjSection, offset: int) -> None:
        self.module, self.section, self.offset = module, section, offset
        arch = module.machine.arch
        self.order = arch.order
        self.sizes = {"b": 1, "h": 2, "i": 4, "l": arch.bits // 8, "s": arch.bits // 8}

    def put(self, name: str, value: str, form: ParmFormat) -> None:
        """Write ``value``; raises Wrong, and BadModule if it lies outside the data."""
        if form.type == "c":
            self._put_characters(name, value, form)
            return
        size = self.sizes[form.type]
        if form.type == "s":
            self._bytes(bytes(size))
            self.module.point_to_string(self.section, self.offset - size, value)
            return
        number = _strtoul(value, self.sizes["l"]) & (1 << 8 * size) - 1
        self._bytes(number.to_bytes(size, self.order))

    def _put_characters(self, name: str, value: str, form: ParmFormat) -> None:
        if not form.size:
            raise Wrong(f"parameter type 'c' for {name} must be followed by the maximum size")
        size, data = int(form.size), value.encode("utf-8", "surrogateescape")
        if len(data) >= size - 1:
            raise Wrong(f"string too long for {name} (max {size - 1})")
        self._bytes(data + b"\0")
        self.offset += size - len(data) - 1

    def _bytes(self, data: bytes) -> None:
        memory = self.section.contents
        if memory is None or self.offset + len(data) > len(memory):
            path = self.module.path
            raise BadModule(path, f"{path}: a parameter lies outside {self.section.name}")
        memory[self.offset : self.offset + len(data)] = data
        self.offset += len(data)


def _strtoul(text: str, size: int) -> int:
    """``text`` as parsed by strtoul in base 0, with longs of ``size`` bytes."""
    text = text.strip()
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.lstrip("+"))
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits.startswith("0") else 10
    number, largest = int(digits, base), (1 << 8 * size) - 1
    return largest if number > largest else sign * number
