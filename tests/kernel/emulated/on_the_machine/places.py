"""Addresses of modules on the machine, for the emulated kernel: some verdicts depend on distances."""

from __future__ import annotations

from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.state import module_table
from pymodutils.kernel.emulated.state.kernel_state import KernelState
from pymodutils.kernel.emulated.state.module import Area, SectAttr
from tests.kernel.emulated.on_the_machine.machine import Machine
from tests.lanes.verdicts.booted import Booted


def bases(machine: Machine, kernel: EmulatedKernel, name: str, data: bytes) -> dict[tuple[str, str], int]:
    """The addresses of the areas of the module ``name`` on ``machine``, from those of its sections."""
    with kernel.trial():
        kernel.init_module(data)
        areas, sections = kernel.look(lambda state: _laid_out(state, name))
    booted = Booted(machine.guest)
    booted.insert(name, data, b"", None)
    folder = f"/sys/module/{name}/sections"
    seen = {path[1:]: int(text.split()[1], 16) for path, text in booted.tree(folder).items()}
    machine.restore()
    return {
        (name, areas[it.area].name): areas[it.area].base + seen[it.name] - it.address
        for it in sections
        if it.name in seen
    }


def _laid_out(state: KernelState, name: str) -> tuple[list[Area], list[SectAttr]]:
    module = state.find(name)
    assert module
    return module.areas, module_table.sections(state.store, module)
