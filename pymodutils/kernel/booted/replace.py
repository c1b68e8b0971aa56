"""A test's own stand-ins for functions: one that fails, or one in Python."""

from __future__ import annotations

import errno
import inspect
from typing import TYPE_CHECKING, Any, Final, Self

from pymodutils.elf.ctype import Function, Integer, Pointer, Void
from pymodutils.errors import NotFound
from pymodutils.kernel.booted import values
from pymodutils.machine.guest import IN_REGISTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pymodutils.kernel.booted.live import LiveKernel

KMALLOC: Final = tuple(  # what kmalloc(), an inline function, calls: by size, flags and version of the kernel
    f"{name}{end}"
    for name in (
        *(
            "__kmalloc",
            "__kmalloc_node",
            "__kmalloc_node_track_caller",
            "kmalloc_large",
            "kmalloc_large_node",
        ),
        *(
            "kmalloc_trace",
            "kmalloc_node_trace",
            "__kmalloc_cache",
            "__kmalloc_cache_node",
            "__kmalloc_large",
        ),
        *("__kmalloc_large_node",),
    )
    for end in ("", "_noprof")
)
FAMILIES: Final = dict.fromkeys(("kmalloc", "kzalloc", "kcalloc", "kmalloc_array"), KMALLOC)
LONG: Final = Integer("long", 8, signed=True)
OURS: Final = range(0xFFFFFFFFC0000000, 0xFFFFFFFFFF000000)  # MODULES_VADDR to MODULES_END


class Replacement:
    """A function with a stand-in; ``calls`` is how often modules have called it.

    It ends with ``undo``, at the end of a ``with`` and with the test.
    """

    def __init__(
        self,
        kernel: LiveKernel,
        name: str,
        stand_in: Callable[..., object] | None,
        fail_at: Collection[int],
        result: object,
    ) -> None:
        self.kernel, self.name, self.calls = kernel, name, 0
        self._stand_in, self._fail_at, self._result = stand_in, fail_at, result
        self._of_kernel = ":" not in name
        places = _places(kernel, name)
        self._prototype = _prototype(kernel, name, places)
        cpu = kernel.guest.machine.cpu
        self._hooks = [cpu.watch(place, self._called) for place in places.values()]

    def _called(self) -> None:
        """The function begins: let it, or go back to its caller at once."""
        machine = self.kernel.guest.machine
        back = machine.space.number(machine.cpu["RSP"])
        if self._of_kernel and back not in OURS:
            return
        self.calls += 1
        if self._stand_in is not None:
            machine.cpu.leave(self._word(self._stand_in(*self._arguments())))
        elif self.calls in self._fail_at:
            machine.cpu.leave(self._word(self._result))

    def _arguments(self) -> list[Any]:
        machine = self.kernel.guest.machine
        words = machine.arguments(IN_REGISTERS)
        if self._prototype is None:
            return words[: len(inspect.signature(self._stand_in or int).parameters)]
        kinds = [it.type for it in self._prototype.parameters]
        return [values.decode(machine.space, kind, word) for kind, word in zip(kinds, words, strict=False)]

    def _word(self, result: object) -> int:
        kind = self._prototype.returns if self._prototype else LONG
        if result is None:
            failed = -errno.ENOMEM if isinstance(kind, Integer) and self._stand_in is None else 0
            return failed if kind.size else 0
        if isinstance(kind, Void):
            return 0
        return values.encode_number(kind, result, 8 * kind.size)

    def undo(self) -> None:
        """Let the function be what it was."""
        for hook in self._hooks:
            self.kernel.guest.machine.cpu.unwatch(hook)
        self._hooks.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.undo()


def _places(kernel: LiveKernel, name: str) -> dict[str, int]:
    """Name -> address of each function that is meant; raises NotFound if there is none."""
    spelled = FAMILIES.get(name, (name, f"{name}_noprof"))
    found = {it: place for it in spelled if (place := kernel.guest.lookup(it))}
    if not found:
        raise NotFound(name, f"no function {name} is in the kernel: write MODULE:NAME for one of a module")
    return found


def _prototype(kernel: LiveKernel, name: str, places: dict[str, int]) -> Function | None:
    if name in FAMILIES:
        return Function(name, Pointer(Void), ())
    module, _, function = name.rpartition(":")
    if module in kernel.modules:
        return kernel.modules[module].prototype(function)
    known = (kernel.btf.function(it) for it in places) if kernel.btf else ()
    return next(filter(None, known), None)
