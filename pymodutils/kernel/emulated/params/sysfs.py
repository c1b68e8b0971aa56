"""Read and write /sys/module/NAME/parameters/PARAMETER; kernel/params.c, fs/sysfs/file.c."""

from __future__ import annotations

from errno import EACCES, ENOENT, EPERM
from typing import TYPE_CHECKING, Final

from pymodutils.errors import Refused
from pymodutils.kernel.emulated.params.numbers import Invalid
from pymodutils.kernel.emulated.params.parse import assign
from pymodutils.kernel.emulated.params.scalars import Variable
from pymodutils.kernel.emulated.params.table import NONE
from pymodutils.kernel.emulated.params.types import PAGE, get

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.params.memory import ParamMemory
    from pymodutils.kernel.emulated.params.parse import ParamContext
    from pymodutils.kernel.emulated.params.table import Param

READ: Final = 0o444
WRITE: Final = 0o222


def show(param: Param, memory: ParamMemory) -> bytes:
    """The contents of the file of ``param`` for root.

    Raises Refused: ENOENT without a file, EACCES without read permission, EPERM for a parameter that
    cannot be shown; and OutOfBounds if it points outside known memory.
    """
    name = param.name.decode("utf-8", "surrogateescape")
    if not param.mode & READ:
        raise Refused(name, f"{name} cannot be read", EACCES if param.perm else ENOENT)
    try:
        return get(Variable(memory, param, param.arg, _silent), param.ops)[: PAGE - 1]
    except Invalid as error:
        raise Refused(name, f"{name} cannot be shown", error.errno) from error


def store(param: Param, text: bytes, memory: ParamMemory, context: ParamContext) -> int:
    """Write ``text`` to the file of ``param`` as root; return 0 or an errno.

    Raises OutOfBounds if ``param`` points outside known memory.
    """
    if not param.mode & WRITE:
        return EACCES if param.perm else ENOENT
    if param.ops and param.ops.set == NONE:
        return EPERM
    if not text:
        return 0
    try:
        assign(param, text[:PAGE].partition(b"\0")[0], memory, context)
    except Invalid as error:
        return error.errno
    return 0


def _silent(_level: int, _text: str) -> None:
    """Discard log messages."""
