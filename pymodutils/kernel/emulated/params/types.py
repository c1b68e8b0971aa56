"""Setters and getters of the parameter types; kernel/params.c."""

from __future__ import annotations

from errno import EINVAL, ENOSPC, EPERM
from typing import TYPE_CHECKING, Final

from pymodutils.kern_levels import ERR
from pymodutils.kernel.emulated.params.numbers import Invalid
from pymodutils.kernel.emulated.params.scalars import INT, NUMBERS, TRUTHS, Variable, enable_only
from pymodutils.kernel.emulated.params.table import NONE, OWN, KparamArray, Ops, String

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.emulated.params.memory import ParamMemory

LONGEST: Final = 1024  # maximum bytes of a charp
PAGE: Final = 4096  # bytes of a file's buffer


def put(place: Variable, ops: Ops | None, text: bytes | None) -> None:
    """Set the variable at ``place`` by ``ops``; raises Invalid with the errno of the setter.

    ``text`` is None for a name without a value. A custom function cannot be run: any text is accepted and
    shown again.
    """
    if ops is None or ops.set == NONE:
        raise place.fault()
    if ops.foreign:
        place.memory.texts[place.name] = text or b""
    if ops.set == OWN:
        return
    if text is None and ops.set not in LONE:
        raise place.fault()
    SETTERS[ops.set](place, b"1" if text is None else text)


def get(place: Variable, ops: Ops | None) -> bytes:
    """The contents of the file of the variable at ``place``; raises Invalid if unknown.

    A parameter with custom functions shows the last text that was set.
    """
    if ops is None:
        raise place.fault()
    if ops.get == NONE:
        raise Invalid(EPERM)
    if ops.foreign and place.name in place.memory.texts:
        return place.memory.texts[place.name] + b"\n"
    return b"\n" if ops.get == OWN else GETTERS[ops.get](place)


def _set_charp(place: Variable, text: bytes) -> None:
    """Keep a copy, and drop the previous one."""
    if len(text) > LONGEST:
        place.log(ERR, f"{place.name}: string parameter too long")
        raise Invalid(ENOSPC)
    memory = place.memory
    memory.strings.pop(memory.number(place.at, memory.word), None)
    memory.put(place.at, memory.word, memory.keep(text))


def _get_charp(place: Variable) -> bytes:
    memory = place.memory
    pointer = memory.number(place.at, memory.word)
    if not pointer:
        return b"(null)\n"
    if pointer < PAGE or pointer >= (1 << memory.bits) - PAGE:
        return b"(efault)\n"
    return memory.string(pointer, PAGE) + b"\n"


def _set_string(place: Variable, text: bytes) -> None:
    detail = place.param.detail
    if not isinstance(detail, String):
        raise place.fault()
    if len(text) >= detail.size:
        place.log(ERR, f"{place.name}: string doesn't fit in {detail.size - 1 & 0xFFFF_FFFF} chars.")
        raise Invalid(ENOSPC)
    place.memory.write(detail.text, text + b"\0")


def _get_string(place: Variable) -> bytes:
    detail = place.param.detail
    if not isinstance(detail, String):
        raise place.fault()
    return place.memory.string(detail.text, PAGE) + b"\n"


def _set_array(place: Variable, text: bytes) -> None:
    """Set an element from each comma-separated value, up to the first invalid one."""
    array, memory = place.param.detail, place.memory
    if not isinstance(array, KparamArray):
        raise place.fault()
    _count(memory, array, 0)
    for number, part in enumerate(text.split(b",")):
        if number == array.max:
            place.log(ERR, f"{place.name}: can only take {array.max} arguments")
            raise Invalid(EINVAL)
        put(_element(place, array, number), array.ops, part)
        _count(memory, array, number + 1)


def _count(memory: ParamMemory, array: KparamArray, count: int) -> None:
    """Store the number of set elements of ``array``, if it has a counter."""
    if array.number:
        memory.put(array.number, INT, count)


def _get_array(place: Variable) -> bytes:
    array, memory = place.param.detail, place.memory
    if not isinstance(array, KparamArray):
        raise place.fault()
    shown: list[bytes] = []
    size = 0
    for number in range(memory.number(array.number, INT) if array.number else array.max):
        shown.append(get(_element(place, array, number), array.ops).removesuffix(b"\n"))
        size += len(shown[-1]) + 1
        if size > PAGE:
            break
    return b",".join(shown) + b"\n" if shown else b""


def _element(place: Variable, array: KparamArray, number: int) -> Variable:
    return place._replace(at=array.elements + array.size * number)


LONE: Final = ("param_set_bool", "param_set_bool_enable_only", "param_set_invbool", "param_set_bint")
SETTERS: Final[dict[str, Callable[[Variable, bytes], None]]] = {
    **{f"param_set_{name}": number.set for name, number in NUMBERS.items()},
    **{f"param_set_{name}": one.set for name, one in TRUTHS.items()},
    "param_set_bool_enable_only": enable_only,
    "param_set_charp": _set_charp,
    "param_set_copystring": _set_string,
    "param_array_set": _set_array,
}
GETTERS: Final[dict[str, Callable[[Variable], bytes]]] = {
    **{f"param_get_{name}": number.get for name, number in NUMBERS.items()},
    "param_get_bool": TRUTHS["bool"].get,
    "param_get_invbool": TRUTHS["invbool"].get,
    "param_get_charp": _get_charp,
    "param_get_string": _get_string,
    "param_array_get": _get_array,
}
