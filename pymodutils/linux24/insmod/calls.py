"""The system calls of 2.4 as used by modutils."""

from __future__ import annotations

from errno import ENOSPC
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from pymodutils.errors import Refused
from pymodutils.linux24.kernel.query_module import DEPS, INFO, MODULES, REFS, SYMBOLS
from pymodutils.linux24.struct_module import size_of

if TYPE_CHECKING:
    from pymodutils.linux24.kernel.query_module import Answer
    from pymodutils.linux24.machine.model import ObjMachine
    from pymodutils.linux24.struct_module import Abi

FIRST: Final = 256  # initial buffer size in bytes


class SystemCalls(Protocol):
    """A 2.4 kernel as user space sees it; each call raises Refused with its errno."""

    @property
    def abi(self) -> Abi:
        """The layout of structures."""
        ...

    @property
    def release(self) -> str:
        """The output of uname -r."""
        ...

    @property
    def version(self) -> str:
        """The output of uname -v."""
        ...

    def settle(self, machine: ObjMachine, path: str) -> None:
        """Ensure that this is a kernel for ``machine``."""
        ...

    def create_module(self, name: str, size: int) -> int:
        """Allocate memory for a module and return its address."""
        ...

    def init_module(self, name: str, image: bytes) -> None:
        """Initialize the module with a linked image."""
        ...

    def query_module(self, name: str | None, which: int, bufsize: int) -> Answer:
        """Query a module."""
        ...

    def delete_module(self, name: str | None) -> None:
        """Remove a module."""
        ...

    def read(self, path: str) -> bytes:
        """The contents of a file in /proc."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Write to a file of /proc."""
        ...


class Known(NamedTuple):
    """A loaded module, from query_module: struct module_stat of modutils."""

    name: str
    address: int
    size: int
    flags: int
    usecount: int  # -1: the module decides whether it can be removed
    refs: tuple[str, ...]
    symbols: tuple[tuple[int, str], ...]  # values and names


def query(kernel: SystemCalls, name: str | None, which: int) -> Answer:
    """The result of query_module, with a buffer of the required size."""
    answer = kernel.query_module(name, which, FIRST)
    while answer.errno == ENOSPC:
        answer = kernel.query_module(name, which, answer.ret)
    return answer


def module_names(kernel: SystemCalls) -> list[str]:
    """The modules in the kernel, newest first."""
    return _names(query(kernel, None, MODULES))


def known(kernel: SystemCalls, name: str) -> Known:
    """The properties of the module ``name``."""
    abi = kernel.abi
    address, size, flags, count = abi.longs(4).unpack(query(kernel, name, INFO).data)
    signed = count - (1 << abi.bits) if count >> abi.bits - 1 else count
    refs = tuple(_names(query(kernel, name, REFS)))
    return Known(name, address, size, flags, signed, refs, tuple(symbols(kernel, name)))


def modules(kernel: SystemCalls) -> list[Known]:
    """All modules, newest first."""
    return [known(kernel, name) for name in module_names(kernel)]


def dependencies(kernel: SystemCalls, name: str) -> list[str]:
    """The modules that the module ``name`` depends on."""
    return _names(query(kernel, name, DEPS))


def symbols(kernel: SystemCalls, name: str | None = None) -> list[tuple[int, str]]:
    """The exports of the module ``name``, or of the kernel itself: values and names."""
    answer = query(kernel, name, SYMBOLS)
    pair = kernel.abi.longs(2)
    rows = list(pair.iter_unpack(answer.data[: answer.ret * pair.size]))
    return [(value, _string(answer.data, at)) for value, at in rows]


def gives_data(kernel: SystemCalls, name: str) -> bool:
    """Whether init_module with a header of negative size returns data of the module ``name``.

    No 2.4 kernel did; modutils supported it.
    """
    abi = kernel.abi
    size = size_of(abi)
    question = ((1 << abi.bits) - size).to_bytes(abi.long, abi.order).ljust(size + 4, b"\0")
    try:
        kernel.init_module(name, question)
    except Refused:
        return False
    return True


def _names(answer: Answer) -> list[str]:
    return [name.decode("utf-8", "surrogateescape") for name in answer.data.split(b"\0")[: answer.ret]]


def _string(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode("utf-8", "surrogateescape")
