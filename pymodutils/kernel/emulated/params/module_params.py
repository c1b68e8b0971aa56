"""The parameters of loaded modules: set at load time, read and written in /sys/module."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from pymodutils.errors import Refused
from pymodutils.kernel.emulated import params
from pymodutils.kernel.emulated.caller import COMMAND
from pymodutils.kernel.emulated.load import module_sig_check
from pymodutils.kernel.emulated.load.causes import CauseKind
from pymodutils.kernel.emulated.params import dyndbg
from pymodutils.kernel.emulated.params.numbers import truth
from pymodutils.kernel.emulated.params.table import SECTION, read
from pymodutils.kernel.emulated.state import module_table
from pymodutils.kernel.emulated.state.database import signed, unsigned
from pymodutils.kernel.emulated.state.taints import LETTERS
from pymodutils.link.failure import OutOfBounds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymodutils.blank import Blank
    from pymodutils.kernel.emulated.load.load_info import LoadInfo
    from pymodutils.kernel.emulated.params import Param, ParamContext, ParamMemory
    from pymodutils.kernel.emulated.state.database import StateFile
    from pymodutils.kernel.emulated.state.kernel_state import KernelState
    from pymodutils.kernel.emulated.state.module import KernelModule

STRINGS: Final = "SELECT address, text FROM string WHERE module = ?"


def parse(load: LoadInfo) -> None:
    """Set the parameters given with the call; parse_args."""
    if not load.params:
        return
    owner = Parameters(load.state, load.module, load.caller.command, load.image.memory)
    context = owner.context._replace(objects=partial(_objects, load))
    code = params.parse(load.params, owner.declared(), owner.memory, context)
    owner.keep()
    if code:
        load.refuse(code)


def _objects(load: LoadInfo, name: str, value: str | None) -> None:
    """Record a word without a parameter, or with an invalid value."""
    if value is None:
        load.because(CauseKind.NO_PARAMETER, name, passes=True)
    else:
        load.because(CauseKind.PARAMETER, name, found=value)


def files(load: LoadInfo) -> list[Param]:
    """The parameters of the module being loaded that have a file in /sys/module."""
    at, memory = load.find(SECTION), params.ParamMemory.of(load.image, load.module.name)
    if not at:
        return []
    try:
        found = read(load.image.addresses[at], load.sections[at].sh_size, memory, load.state.name_of)
    except OutOfBounds:
        return []
    return [param for param in found if param.perm]


def _around(store: StateFile, held: list[module_table.Held], address: int) -> tuple[int, Blank] | None:
    """The area around ``address``, of any module; it is added to ``held`` and written back too."""
    found = module_table.held_at(store, address)
    if found is None:
        return None
    held.append(found)
    return found.base, found.content(store)


class Parameters:
    """The parameters of ``module``; ``command`` is how the log calls the process that sets them.

    ``contents`` are those of its areas, if they need not be read.
    """

    def __init__(
        self,
        state: KernelState,
        module: KernelModule,
        command: str = COMMAND,
        contents: Iterable[Blank] | None = None,
    ) -> None:
        self.state, self.module = state, module
        self.held = module_table.held(state.store, module)
        contents = contents or [area.content(state.store) for area in self.held]
        self.memory: ParamMemory = params.ParamMemory(
            list(zip([area.base for area in self.held], contents, strict=True)),
            state.rules.arch,
            module.name,
            strings={unsigned(address): text for address, text in state.store.execute(STRINGS, module.id)},
            texts=dict(state.store.execute("SELECT name, text FROM given WHERE module = ?", module.id)),
            others=partial(_around, state.store, self.held),
        )
        rules = state.rules
        self.context: ParamContext = params.ParamContext(
            module.name,
            state.log,
            lambda letter: state.taint(LETTERS.index(letter)),
            rules.on("DYNAMIC_DEBUG"),
            partial(module_sig_check.locked_down, state, command, "unsafe module parameters"),
            flags=dyndbg.LATER_FLAGS if rules.since(*dyndbg.LATER) else dyndbg.FLAGS,
            truth=partial(truth, enabled=rules.enables),
        )

    def declared(self) -> list[Param]:
        """The parameters in the order of the module's section; raises OutOfBounds if malformed."""
        for section in module_table.sections(self.state.store, self.module):
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
        """Write ``text`` to the file of ``param``; raises Refused."""
        code = params.store(param, text, self.memory, self.context)
        self.keep()
        if code:
            raise Refused(self.module.name, f"{param.name.decode()} cannot be written", code)

    def keep(self) -> None:
        """Write changes back."""
        store, number = self.state.store, self.module.id
        for area, (base, content) in zip(self.held, self.memory.areas, strict=True):
            if base in self.memory.written:
                module_table.put_memory(store, area, content)
        store.execute("DELETE FROM string WHERE module = ?", number)
        store.many(
            "INSERT OR REPLACE INTO string VALUES (?, ?, ?)",
            [(number, signed(address), text) for address, text in self.memory.strings.items()],
        )
        store.many(
            "INSERT OR REPLACE INTO given VALUES (?, ?, ?)",
            [(number, name, text) for name, text in self.memory.texts.items()],
        )
