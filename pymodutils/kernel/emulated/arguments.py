"""The parameters of modules in the state: set when one is loaded, shown and changed by /sys/module."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from pymodutils.errors import Refused
from pymodutils.kernel.emulated import params, rows, signing
from pymodutils.kernel.emulated.causes import Kind
from pymodutils.kernel.emulated.params.table import SECTION, read
from pymodutils.kernel.emulated.store import signed, unsigned
from pymodutils.kernel.emulated.taints import LETTERS
from pymodutils.link.failure import OutOfBounds

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.loading import Loading
    from pymodutils.kernel.emulated.module import Module
    from pymodutils.kernel.emulated.params import Context, Memory, Param
    from pymodutils.kernel.emulated.state import State

STRINGS: Final = "SELECT address, text FROM string WHERE module = ?"


def parse(load: Loading) -> None:
    """Set what the words of the call name; parse_args."""
    if not load.params:
        return
    owner = Parameters(load.state, load.module, load.caller.command)
    context = owner.context._replace(objects=partial(_objects, load))
    code = params.parse(load.params, owner.declared(), owner.memory, context)
    owner.keep()
    if code:
        load.refuse(code)


def _objects(load: Loading, name: str, value: str | None) -> None:
    """Note a word that no parameter takes, or that its parameter does not."""
    if value is None:
        load.because(Kind.NO_PARAMETER, name)
    else:
        load.because(Kind.PARAMETER, name, said=value)


class Parameters:
    """The parameters of ``module``; ``command`` is how the log calls the process."""

    def __init__(self, state: State, module: Module, command: str) -> None:
        self.state, self.module = state, module
        contents = [bytearray(rows.memory(state.store, module, at)) for at in range(len(module.areas))]
        self.memory: Memory = params.Memory(
            [(area.base, content) for area, content in zip(module.areas, contents, strict=True)],
            state.rules.arch,
            module.name,
            {unsigned(address): text for address, text in state.store.execute(STRINGS, module.id)},
            dict(state.store.execute("SELECT name, text FROM given WHERE module = ?", module.id)),
        )
        self.context: Context = params.Context(
            module.name,
            state.log,
            lambda letter: state.taint(LETTERS.index(letter)),
            state.rules.on("DYNAMIC_DEBUG"),
            partial(signing.locked_down, state, command, "unsafe module parameters"),
        )

    def declared(self) -> list[Param]:
        """The parameters in the order of the module's section; raises OutOfBounds where it lies."""
        for section in rows.sections(self.state.store, self.module):
            if section.name == SECTION and section.size:
                return read(section.address, section.size, self.memory, self.state.name_of)
        return []

    def shown(self) -> list[Param]:
        """Those with a file in /sys/module."""
        try:
            return [param for param in self.declared() if param.perm]
        except OutOfBounds:
            return []

    def store(self, param: Param, text: bytes) -> None:
        """What writing ``text`` to the file of ``param`` does; raises Refused."""
        code = params.store(param, text, self.memory, self.context)
        self.keep()
        if code:
            raise Refused(self.module.name, f"{param.name.decode()} cannot be written", code)

    def keep(self) -> None:
        """Write what has changed back."""
        store, number = self.state.store, self.module.id
        for at, (_, content) in enumerate(self.memory.areas):
            if content:
                rows.put_memory(store, self.module, at, bytes(content))
        store.many(
            "INSERT OR REPLACE INTO string VALUES (?, ?, ?)",
            [(number, signed(address), text) for address, text in self.memory.strings.items()],
        )
        store.many(
            "INSERT OR REPLACE INTO given VALUES (?, ?, ?)",
            [(number, name, text) for name, text in self.memory.texts.items()],
        )
