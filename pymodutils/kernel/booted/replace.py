"""Replacements of functions in tests: failures, or functions in Python."""

from __future__ import annotations

import errno
import inspect
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, Self

from pymodutils.elf.ctype import Function, Integer, Pointer, Void
from pymodutils.errors import NotFound
from pymodutils.kernel.booted.invocation import Invocation
from pymodutils.kernel.booted.memory import BadValue

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pymodutils.kernel.booted.module import ModuleHost
    from pymodutils.machine.guest import Guest

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


class Replacement:
    """A replaced function; ``calls`` is how often modules have called it.

    Undone by ``undo``, at the end of a ``with`` block, or at the end of the test.
    """

    def __init__(
        self,
        kernel: ModuleHost,
        name: str,
        stand_in: Callable[..., object] | None,
        fail_at: Collection[int],
        result: object,
    ) -> None:
        self.kernel, self.name, self.calls = kernel, name, 0
        self._stand_in, self._fail_at, self._result = stand_in, fail_at, result
        self._of_kernel = ":" not in name
        self._places = _places(kernel, name) or _stub(kernel, name, stand_in)
        _ = kernel.btf  # read now: a call cannot ask the machine
        cpu = kernel.guest.machine.cpu
        self._hooks = [cpu.watch(place, partial(self._called, place)) for place in self._places.values()]

    def _called(self, place: int) -> None:
        """At the start of the function at ``place``: continue, or return to its caller."""
        guest = self.kernel.guest
        back = guest.machine.cpu.back
        if self._of_kernel and not called_by_module(guest, place, back):
            return
        self.calls += 1
        if self._stand_in is not None:
            call = Invocation(guest, self._prototype)
            result = self._stand_in(*call.arguments(len(inspect.signature(self._stand_in).parameters)))
        elif self.calls in self._fail_at:
            call = Invocation(guest, self._prototype)
            signed = isinstance(call.returns, Integer) and self._result is None
            result = -errno.ENOMEM if signed else self._result
        else:
            return
        try:
            call.give(result)
        except BadValue as error:
            text = f"{self.name}: its stand-in gave {result!r}, but it returns {call.returns}: {error}"
            raise BadValue(self.name, text) from None

    @cached_property
    def _prototype(self) -> Function | None:
        """The address in the kernel, else in the modules."""
        if self.name in FAMILIES:
            return Function(self.name, Pointer(Void), ())
        module, _, function = self.name.rpartition(":")
        if module in self.kernel.modules:
            return self.kernel.modules[module].prototype(function)
        btf = self.kernel.btf
        known = [it for place in self._places if btf and (it := btf.function(place))]
        users = (types for module in self.kernel.modules.values() for types in module.types)
        return next(iter(known), None) or next(filter(None, (it.function(self.name) for it in users)), None)

    def undo(self) -> None:
        """Undo the replacement."""
        for hook in self._hooks:
            self.kernel.guest.machine.cpu.unwatch(hook)
        self._hooks.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.undo()


def called_by_module(guest: Guest, place: int, back: int) -> bool:
    """Whether a module called the function at ``place``, at its start, with return address ``back``.

    A jump at the end of a function that the kernel called cannot be distinguished from the kernel's own call.
    """
    jumped = guest.called_from(back) and place != guest.running
    modules = guest.machine.modules
    return place in modules or back in modules or jumped


def _places(kernel: ModuleHost, name: str) -> dict[str, int]:
    """Name -> address of each replaced function that exists."""
    spelled = FAMILIES.get(name, (name, f"{name}_noprof"))
    found = {it: place for it in spelled if (place := kernel.guest.lookup(it))}
    single = found and name not in FAMILIES and ":" not in name
    if single and kernel.stubs and not any(map(kernel.stubs.exported, found)):
        kernel.stubs.make(name, next(iter(found.values())))  # a module may import it all the same
    return found


def _stub(kernel: ModuleHost, name: str, stand_in: object) -> dict[str, int]:
    """A new function ``name``; raises NotFound if it would have no effect."""
    known = kernel.stubs and name in kernel.stubs.made
    if ":" in name or not kernel.stubs or (kernel.modules and not known):
        advice = "write MODULE:NAME for one of a module, and replace what the kernel lacks before any load"
        raise NotFound(name, f"no function {name} is in the kernel: {advice}")
    if stand_in is None:
        raise NotFound(name, f"no function {name} is in the kernel: give one that stands in for it")
    return {name: kernel.stubs.make(name)}
