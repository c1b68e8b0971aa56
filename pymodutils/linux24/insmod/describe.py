"""The output of modutils' modinfo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.linux24.insmod.parameters import ParmFormat
from pymodutils.linux24.obj import modinfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.linux24.obj.file import ObjFile

NONE: Final = "<none>"
QUOTED: Final = ("author", "description")
FIELDS: Final = ("filename", "description", "author", "license")
TYPES: Final = {"c": "char", "b": "byte", "h": "short", "i": "int", "l": "long", "s": "string"}
PARAMETER, DESCRIPTION = "parm_", "parm_desc_"


def field(module: ObjFile, name: str) -> str:
    """The field ``name`` for output; multi-line text in quotes."""
    if name == "filename":
        return module.path
    value = modinfo.value(module, name)
    if value is None:
        return NONE
    return f'"{_indented(value)}"' if name in QUOTED and value else value


def parameters(module: ObjFile) -> Iterator[str]:
    """A line for each parameter."""
    entries = list(modinfo.entries(module))
    described = {
        key.removeprefix(DESCRIPTION): value for key, value in entries if key.startswith(DESCRIPTION)
    }
    for key, value in entries:
        if not key.startswith(PARAMETER) or key.startswith(DESCRIPTION) or value is None:
            continue
        name = key.removeprefix(PARAMETER)
        if module.symbols.find(name) is None:
            yield f"warning: symbol for parameter {name} not found"
        form = ParmFormat.parse(value)
        if form.most < form.least:
            yield f"warning: parameter {name} has max < min!"
        yield f"parm:        {name} {_type(form)}{_text(described.get(name), form)}"


def _type(form: ParmFormat) -> str:
    if not form.type:
        return "no format character!"
    if form.type not in TYPES:
        return f"unknown format character '{form.type}'"
    shown = TYPES[form.type]
    if form.type == "c" and not form.size:
        shown += " *** missing string size ***"
    if form.rest.startswith("p"):
        shown += " persistent" + (" (invalid)" if form.type == "s" else "")
    elif form.rest:
        shown += f" unknown format modifier '{form.rest[0]}'"
    if form.least > 1 or form.most > 1:
        shown += f" array (min = {form.least}, max = {form.most})"
    return shown


def _text(description: str | None, form: ParmFormat) -> str:
    if not description or form.type not in TYPES:
        return ""
    return f', description "{_indented(description)}"'


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
