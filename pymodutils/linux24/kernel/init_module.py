"""init_module: check the header of a linked module and initialize it; kernel/module.c of 2.4."""

from __future__ import annotations

from errno import EBUSY, EFAULT, EINVAL, ENOENT
from typing import TYPE_CHECKING, Final

from pymodutils.kern_levels import ERR
from pymodutils.linux24.kernel.create_module import get_mod_name, refused
from pymodutils.linux24.struct_module import (
    AUTOCLEAN,
    INITIALIZING,
    RUNNING,
    USED_ONCE,
    StructModule,
    layout,
)

if TYPE_CHECKING:
    from pymodutils.linux24.kernel.state import Module24, StoredKernel

SLOP: Final = 16  # pointers that the header of a newer insmod may have in addition
INVALID_SIZE: Final = ("Invalid module header size.", "A new version of the modutils is likely needed.")


def init_module(state: StoredKernel, name: str, image: bytes) -> None:
    """Copy ``image`` to the module ``name`` and initialize it; raises Refused, also for init()."""
    data = get_mod_name(name)
    module = state.find(name)
    if module is None:
        raise refused(name, ENOENT)
    long = state.abi.long
    if len(image) < long:
        raise refused(name, EFAULT)
    size = int.from_bytes(image[:long], state.abi.order)
    if not layout(state.abi)["persist_start"].offset <= size <= state.header_size + SLOP * long:
        state.log(ERR, f"init_module: {INVALID_SIZE[0]}")
        state.log(ERR, INVALID_SIZE[1])
        raise refused(name, EINVAL)
    if len(image) < size:
        raise refused(name, EFAULT)
    wanted = _Checked(state, module, image, data)
    if fault := wanted.fault():
        state.log(ERR, f"init_module: {fault}")
        raise refused(name, EINVAL)
    whole = wanted.header["size"]
    if len(image) < whole:
        raise refused(name, EFAULT)
    following = module.header["next"]
    module.memory[:whole] = image[:whole]
    module.header["next"], module.header["refs"] = following, 0
    module.given = bytes(image)
    _refer(state, module)
    _run(state, module)


class _Checked:
    """The header of an image, checked against the module's memory."""

    def __init__(self, state: StoredKernel, module: Module24, image: bytes, name: bytes) -> None:
        self.state, self.module, self.image, self.name = state, module, image, name
        self.header = StructModule(bytearray(image), state.abi)

    def fault(self) -> str:
        """The kernel's message about a fault, or ""."""
        header = self.header
        if header["size"] > self.module.header["size"]:
            return "Size of initialized module exceeds size of created module."
        return self._pointers() or self._ranges() or self._name() or self._deps()

    def _bound(self, pointer: int, size: int = 0) -> bool:
        """mod_bound."""
        base, header = self.module.base, self.header
        return base + header["size_of_struct"] <= pointer and pointer + size <= base + header["size"]

    def _pointers(self) -> str:
        header, long = self.header, self.state.abi.long
        if not self._bound(header["name"], len(self.name)):
            return "mod->name out of bounds."
        for count, size, name in ((header["nsyms"], 2 * long, "syms"), (header["ndeps"], 3 * long, "deps")):
            if count and not self._bound(header[name], count * size):
                return f"mod->{name} out of bounds."
        for name in ("init", "cleanup"):
            if header[name] and not self._bound(header[name]):
                return f"mod->{name} out of bounds."
        return ""

    def _ranges(self) -> str:
        header, base = self.header, self.module.base
        start, end = header["ex_table_start"], header["ex_table_end"]
        inside = start >= base + header["size_of_struct"] and end < base + header["size"]
        if start > end or (start and not inside) or (end - start) % self._entry:
            return "mod->ex_table_* invalid."
        if header["flags"] & ~AUTOCLEAN:
            return "mod->flags invalid."
        if self._given("can_unload") and not self._bound(header["can_unload"]):
            return "mod->can_unload out of bounds."
        fault = self._range("kallsyms") or self._range("archdata")
        if not fault and self._given("kernel_data"):
            return "mod->kernel_data must be zero."
        return fault

    def _given(self, name: str) -> int:
        """The member ``name``; 0 if the header is too short for it."""
        return self.header[name] if self.header.has(name) else 0

    def _range(self, name: str) -> str:
        start, end = self.header[f"{name}_start"], self._given(f"{name}_end")
        if not self.header.has(f"{name}_end"):
            return ""
        if end and not (self._bound(start) and self._bound(end)):
            return f"mod->{name} out of bounds."
        return f"mod->{name} invalid." if start > end else ""

    @property
    def _entry(self) -> int:
        machine = self.state.machine
        return (machine.extable if machine else 0) or 2 * self.state.abi.long

    def _name(self) -> str:
        start = self.header["name"] - self.module.base
        given = self.image[start : self.image.find(b"\0", start)]
        if not given:
            return "get_mod_name failure."
        if given != self.name:
            now, before = (name.decode("utf-8", "surrogateescape") for name in (given, self.name))
            return f"changed module name to `{now}' from `{before}'"
        return ""

    def _deps(self) -> str:
        reference = self.state.abi.longs(3)
        start = self.header["deps"] - self.module.base
        for at in range(self.header["ndeps"]):
            dep = reference.unpack_from(self.image, start + at * reference.size)[0]
            if dep == self.module.base:
                return "self-referential dependency in mod->deps."
            if self.state.at(dep) is None:
                return "found dependency that is (no longer?) a module."
        return ""


def _refer(state: StoredKernel, module: Module24) -> None:
    """Add ``module`` to the reference lists of its dependencies."""
    for at in state.deps(module):
        dep, _, _ = state.reference(at)
        used = state.at(dep)
        if used is not None:
            state.set_reference(at, dep, module.base, used.header["refs"])
            used.header["refs"] = at
            used.header["flags"] |= USED_ONCE


def _run(state: StoredKernel, module: Module24) -> None:
    """Initialize ``module`` with the preset result of init(); no code runs."""
    header = module.header
    found = state.store.execute("SELECT init FROM behaviour WHERE name = ?", module.name)
    outcome = found[0][0] if found and header["init"] else 0
    header["usecount"] = 0
    if outcome:
        raise refused(module.name, EBUSY if outcome > 0 else -outcome)
    header["flags"] = (header["flags"] | RUNNING) & ~INITIALIZING
