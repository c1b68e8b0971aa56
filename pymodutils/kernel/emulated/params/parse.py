"""Set parameters from the words given with a module; kernel/params.c: parse_args."""

from __future__ import annotations

from errno import EINVAL, ENOSPC, EPERM
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.kern_levels import ERR, NOTICE, WARNING
from pymodutils.kernel.emulated.params import dyndbg
from pymodutils.kernel.emulated.params.numbers import Invalid, truth
from pymodutils.kernel.emulated.params.scalars import Variable
from pymodutils.kernel.emulated.params.table import HARDWARE, NOARG, UNSAFE, KparamArray
from pymodutils.kernel.emulated.params.types import put
from pymodutils.kernel.emulated.params.words import dash2underscore, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pymodutils.kernel.emulated.params.memory import ParamMemory
    from pymodutils.kernel.emulated.params.scalars import Log
    from pymodutils.kernel.emulated.params.table import Param
    from pymodutils.kernel.emulated.params.words import Word

NO_DYNDBG: Final = "dyndbg param is supported only in CONFIG_DYNAMIC_DEBUG builds"


def _unheard(_name: str, _value: str | None) -> None:
    """Ignore failed words."""


class ParamContext(NamedTuple):
    """The environment of a parameter: ``log`` takes level and text, ``taint`` the letter of a flag.

    ``locked_down`` returns whether hardware parameters are refused, and logs it if so; ``objects`` is called
    with the name and value of each failed word; the value is None if there is no such parameter.
    """

    module: str
    log: Log
    taint: Callable[[str], None]
    dynamic_debug: bool = True
    locked_down: Callable[[], bool] = bool
    objects: Callable[[str, str | None], None] = _unheard
    flags: bytes = dyndbg.FLAGS  # of dynamic debug
    truth: Callable[[bytes], bool] = truth  # spelling of a bool


def parse(text: bytes, params: Iterable[Param], memory: ParamMemory, context: ParamContext) -> int:
    """Set ``params`` from ``text``; return 0, or the errno of the last word that failed.

    All words up to ``--`` are tried; changes remain. Raises OutOfBounds if a parameter points outside known
    memory.
    """
    errno = 0
    known: dict[bytes, Param] = {}
    for param in params:
        known.setdefault(dash2underscore(param.name), param)
    text = text.partition(b"\0")[0]
    for word in words(text):
        if word.value is None and word.name == b"--":
            if not errno:
                rest = _shown(text[word.end :])
                context.log(WARNING, f"{context.module}: parameters '{rest}' after `--' ignored")
            break
        found = known.get(dash2underscore(word.name))
        if found is None:
            _unknown(word, context)
        else:
            errno = _one(found, word, memory, context) or errno
    return errno


def assign(param: Param, text: bytes | None, memory: ParamMemory, context: ParamContext) -> None:
    """Set ``param`` to ``text``, if permitted; raises Invalid."""
    if param.flags & HARDWARE and context.locked_down():
        raise Invalid(EPERM)
    place = Variable(memory, param, param.arg, context.log, context.truth)
    if param.flags & UNSAFE:
        context.log(NOTICE, f"Setting dangerous option {place.name} - tainting kernel")
        context.taint("U")
    put(place, param.ops, text)


def _one(param: Param, word: Word, memory: ParamMemory, context: ParamContext) -> int:
    """Set ``param`` from ``word``; log a failure and return the errno."""
    try:
        assign(param, _given(param, word), memory, context)
    except Invalid as error:
        value, name = _shown(_left(param, word.value or b"")), _shown(word.name)
        why = "too large" if error.errno == ENOSPC else "invalid"
        context.objects(name, value)
        context.log(ERR, f"{context.module}: `{value}' {why} for parameter `{name}'")
        return error.errno
    return 0


def _given(param: Param, word: Word) -> bytes | None:
    """The value in ``word``; raises Invalid if ``param`` requires one that is missing."""
    if word.value is None and not (param.ops and param.ops.flags & NOARG):
        raise Invalid(EINVAL)
    return word.value


def _left(param: Param, value: bytes) -> bytes:
    """``value`` after setting it: arrays overwrite commas."""
    return value.partition(b",")[0] if isinstance(param.detail, KparamArray) and param.detail.max else value


def _unknown(word: Word, context: ParamContext) -> None:
    """Handle words for the loader itself; others are only logged."""
    first, dot, second = word.name.partition(b".")
    dotted = dot and context.dynamic_debug  # whose code strips the module name
    if (second if dotted else word.name) == b"dyndbg":
        if context.dynamic_debug:
            dyndbg.ask(b"+p" if word.value is None else word.value, context.flags, context.log)
        else:
            context.log(WARNING, NO_DYNDBG)
        return
    if word.name == b"async_probe":
        return
    name = _shown(first if dotted else word.name)
    context.objects(name, None)
    context.log(WARNING, f"{context.module}: unknown parameter '{name}' ignored")


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
