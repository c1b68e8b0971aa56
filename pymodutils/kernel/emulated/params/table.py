"""The parameters that a module declares: section __param; include/linux/moduleparam.h."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.constants import SHN_UNDEF
from pymodutils.link.failure import OutOfBounds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymodutils.kernel.emulated.params.memory import ParamMemory
    from pymodutils.link.image import Image

    Named = Callable[[int], str | None]

SECTION: Final = "__param"
PARAM: Final = {
    32: "PPPHbBP",
    64: "PPPHbB4xP",
}  # struct kernel_param: name, mod, ops, perm, level, flags, arg
OPS: Final = {32: "IPP", 64: "I4xPP"}  # struct kernel_param_ops: flags, set, get
ARRAY: Final = "IIPPP"  # struct kparam_array: max, elemsize, num, ops, elem
STRING: Final = {32: "IP", 64: "I4xP"}  # struct kparam_string: maxlen, string
SIZE: Final = {32: 20, 64: 40}  # bytes of struct kernel_param
LONGEST: Final = 4096  # maximum bytes of a name
VALID: Final = 0o664  # permitted mode bits of a sysfs group's file
PREALLOC: Final = 0o10000  # SYSFS_PREALLOC, not a mode bit
NOARG: Final = 1  # KERNEL_PARAM_OPS_FL_NOARG
UNSAFE: Final = 1  # KERNEL_PARAM_FL_UNSAFE
HARDWARE: Final = 2  # KERNEL_PARAM_FL_HWPARAM


class Ops(NamedTuple):
    """The functions of a parameter: the kernel's by name, OWN for custom ones, NONE for NULL."""

    flags: int
    set: str
    get: str

    @property
    def foreign(self) -> bool:
        """Whether a setter or getter is not one of the kernel's."""
        return OWN in (self.set, self.get)


OWN: Final = "own"
NONE: Final = ""
FOREIGN: Final = Ops(NOARG, OWN, OWN)
KINDS: Final = ("byte", "short", "ushort", "int", "uint", "long", "ulong", "ullong", "hexint", "charp")
KERNEL_OPS: Final = {
    **{f"param_ops_{kind}": Ops(0, f"param_set_{kind}", f"param_get_{kind}") for kind in KINDS},
    "param_ops_bool": Ops(NOARG, "param_set_bool", "param_get_bool"),
    "param_ops_bool_enable_only": Ops(NOARG, "param_set_bool_enable_only", "param_get_bool"),
    "param_ops_invbool": Ops(0, "param_set_invbool", "param_get_invbool"),
    "param_ops_bint": Ops(NOARG, "param_set_bint", "param_get_int"),
    "param_ops_string": Ops(0, "param_set_copystring", "param_get_string"),
    "param_array_ops": Ops(0, "param_array_set", "param_array_get"),
}
KERNEL_FUNCTIONS: Final = {name for ops in KERNEL_OPS.values() for name in (ops.set, ops.get)}


class KparamArray(NamedTuple):
    """struct kparam_array, with the functions of its elements."""

    max: int
    size: int  # bytes from one element to the next
    number: int  # the address of the number of set elements, or 0
    ops: Ops | None  # never those of an array
    elements: int  # the address of the first element


class String(NamedTuple):
    """struct kparam_string."""

    size: int  # bytes, including the NUL
    text: int  # the address


class Param(NamedTuple):
    """struct kernel_param; ``ops`` and ``detail`` are None if their pointers are invalid."""

    name: bytes
    ops: Ops | None
    perm: int  # as declared; 0: no file
    level: int
    flags: int
    arg: int  # the address of the variable, or of ``detail``
    detail: KparamArray | String | None = None

    @property
    def mode(self) -> int:
        """The mode of its file: sysfs masks other bits; fs/sysfs/group.c: create_files."""
        return self.perm & VALID

    @property
    def kind(self) -> str:
        """Its declared type: ``int``, ``string``, ``array of int``; ``own`` for custom functions."""
        if isinstance(self.detail, KparamArray):
            return f"array of {_kind(self.detail.ops)}"
        return _kind(self.ops)


def _kind(ops: Ops | None) -> str:
    known = (name for name, kernels in KERNEL_OPS.items() if kernels == ops)
    return next(known, OWN).removeprefix("param_ops_")


def table(image: Image, values: Sequence[int], memory: ParamMemory) -> list[Param]:
    """The parameters of the linked ``image``, whose symbols have ``values``, in the order of its section.

    Raises OutOfBounds for a name that is not there: the kernel compares all names.
    """
    at = image.module.find(SECTION)
    if not at or image.layout.placed[at] is None:
        return []
    return read(image.addresses[at], image.module.sections[at].sh_size, memory, imports(image, values).get)


def read(address: int, size: int, memory: ParamMemory, name_of: Named) -> list[Param]:
    """The parameters in the section at ``address``; ``name_of`` tells what lies at addresses of the kernel.

    Raises OutOfBounds for a name that is not there.
    """
    finder, step = _Finder(memory, name_of), SIZE[memory.bits]
    return [finder.param(address + number * step) for number in range(size // step)]


def imports(image: Image, values: Sequence[int]) -> dict[int, str]:
    """The names of the symbols that others define, by where they are."""
    symbols = image.module.symbols
    found = (at for at, section in enumerate(symbols.sections) if section == SHN_UNDEF and values[at])
    return {values[at]: symbols.name(at) for at in found}


class _Finder:
    """Follows the pointers of parameters in ``memory``; ``name_of`` tells what lies elsewhere."""

    def __init__(self, memory: ParamMemory, name_of: Named) -> None:
        self.memory, self.name_of = memory, name_of
        self.known: dict[int, Ops | None] = {}

    def param(self, address: int) -> Param:
        name, _, ops, perm, level, flags, arg = self.memory.unpack(PARAM[self.memory.bits], address)
        found = self._ops(ops)
        param = Param(self.memory.string(name, LONGEST), found, perm, level, flags, arg)
        try:
            return param._replace(detail=self._detail(found, arg))
        except OutOfBounds:
            return param

    def _detail(self, ops: Ops | None, arg: int) -> KparamArray | String | None:
        functions = () if ops is None else (ops.set, ops.get)
        if "param_array_set" in functions:
            most, size, count, element, first = self.memory.unpack(ARRAY, arg)
            of = self._ops(element)
            return KparamArray(most, size, count, None if of == KERNEL_OPS["param_array_ops"] else of, first)
        if "param_set_copystring" in functions or "param_get_string" in functions:
            return String(*self.memory.unpack(STRING[self.memory.bits], arg))
        return None

    def _ops(self, address: int) -> Ops | None:
        if address not in self.known:
            self.known[address] = self._read_ops(address)
        return self.known[address]

    def _read_ops(self, address: int) -> Ops | None:
        name = self.name_of(address)
        if name is not None:
            return KERNEL_OPS.get(name, FOREIGN)
        try:
            flags, setter, getter = self.memory.unpack(OPS[self.memory.bits], address)
        except OutOfBounds:
            return None
        return Ops(flags, self._function(setter), self._function(getter))

    def _function(self, address: int) -> str:
        name = (self.name_of(address) or OWN) if address else NONE
        return name if name in KERNEL_FUNCTIONS or not name else OWN
