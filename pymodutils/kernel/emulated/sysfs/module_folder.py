"""/sys/module; kernel/module/sysfs.c and main.c, kernel/params.c."""

from __future__ import annotations

from errno import EFAULT, EINVAL, EROFS
from functools import partial
from typing import TYPE_CHECKING, Final

from pymodutils.elf.constants import SHT_NOTE
from pymodutils.kern_levels import WARNING
from pymodutils.kernel.emulated.bootwords import LEVELS
from pymodutils.kernel.emulated.load import module_sig_check
from pymodutils.kernel.emulated.load.finit_module import compression
from pymodutils.kernel.emulated.params.numbers import Invalid, truth
from pymodutils.kernel.emulated.state import module_table
from pymodutils.kernel.emulated.state.taints import letters
from pymodutils.kernel.emulated.sysfs import parameters, uevent
from pymodutils.kernel.emulated.sysfs.attribute import attribute
from pymodutils.kernel.emulated.vfs import File, Folder, Link, file, folder, refused

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.state.kernel_state import KernelState
    from pymodutils.kernel.emulated.state.module import KernelModule, SectAttr
    from pymodutils.kernel.emulated.vfs import Node

SECTION_SIZE: Final = 19  # bytes: 0x, sixteen digits and a newline
PAGE: Final = 4096  # bytes of a file's buffer
COMPRESSION: Final = "compression"
ASYNC_PROBE: Final = "async_probe"
OWN: Final = "module"  # the built-in module with the parameters of the loader


def tree(state: KernelState) -> Folder:
    """/sys."""
    kernel: dict[str, Node] = {}
    if state.rules.on("SECURITY_LOCKDOWN_LSM"):
        kernel["security"] = folder({"lockdown": _lockdown(state)})
    modules = Folder(partial(_modules, state), partial(_one, state))
    return folder({"module": modules, "kernel": folder(kernel)})


def _modules(state: KernelState) -> dict[str, Node]:
    names = state.store.execute("SELECT name FROM builtin UNION SELECT name FROM module")
    found = {name.replace("/", "!"): _one(state, name) for (name,) in [*names, (OWN,), (COMPRESSION,)]}
    return {name: node for name, node in found.items() if node is not None}


def _one(state: KernelState, name: str) -> Node | None:
    """The folder of a loaded or built-in module."""
    module = state.find(name) or state.find(name.replace("!", "/"))  # names in sysfs have no slashes
    if module is not None:
        return Folder(partial(_module, state, module))
    if name == OWN:
        return Folder(partial(_own, state))
    if name == COMPRESSION and (packing := compression(state.rules)):
        return file(f"{packing}\n")
    return folder({"uevent": _uevent(state, name)}) if state.is_builtin(name) else None


def _module(state: KernelState, module: KernelModule) -> dict[str, Node]:
    """The folder of one module."""
    found: dict[str, Node] = {
        "coresize": file(f"{module.size(init=False)}\n"),
        "holders": folder({name: Link(f"../../{name}") for name in state.users_of(module)}),
        "initsize": file(f"{module.size(init=True)}\n"),
        "initstate": file(f"{module.state.value}\n"),
        "taint": file(f"{letters(module.taints)}\n"),
        "uevent": _uevent(state, module.name),
    }
    told = {"version": module.version, "srcversion": module.srcversion, "import_ns": module.import_ns}
    for name, value in told.items():
        if value is not None:
            found[name] = file(f"{value}\n"[: PAGE - 1])
    if state.rules.on("MODULE_UNLOAD"):
        found["refcnt"] = file(f"{module.count}\n")
    if shown := parameters.files(state, module):
        found["parameters"] = folder(shown)
    if state.rules.on("KALLSYMS"):
        found |= _sections(state, module)
    return found


def _sections(state: KernelState, module: KernelModule) -> dict[str, Node]:
    """sections/ and, if there are any, notes/; neither if two sections have the same name."""
    every = [section for section in module_table.sections(state.store, module) if section.size]
    if len({section.name for section in every}) < len(every):
        return {}
    width = state.rules.arch.bits // 4
    found: dict[str, Node] = {
        "sections": folder(
            {it.name: file(f"0x{it.address:0{width}x}\n", 0o400, SECTION_SIZE) for it in every}
        )
    }
    notes = {it.name: _note(state, module, it) for it in every if it.type == SHT_NOTE}
    return {**found, "notes": folder(notes)} if notes else found


def _note(state: KernelState, module: KernelModule, section: SectAttr) -> File:
    start = section.address - module.areas[section.area].base
    memory = module_table.memory(state.store, module, section.area)

    def read() -> bytes:
        if not memory:  # freed after init(); a real kernel reads it anyway
            raise refused(f"/sys/module/{module.name}/notes/{section.name}", EFAULT)
        return bytes(memory[start : start + section.size])

    return File(0o444, read, size=section.size)


def _uevent(state: KernelState, name: str) -> File:
    def write(data: bytes) -> None:
        try:
            state.uevent(*uevent.parse(data, name))
        except uevent.BadEvent as error:
            state.log(WARNING, f"synth uevent: /module/{name}: {error}")
            raise refused(f"/sys/module/{name}/uevent", EINVAL) from None

    return attribute(0o200, None, write)


def _own(state: KernelState) -> dict[str, Node]:
    """The folder of the loader's own parameters."""
    shown: dict[str, Node] = {ASYNC_PROBE: _bool(state, ASYNC_PROBE)}
    if state.rules.on("MODULE_SIG"):
        shown[module_sig_check.ENFORCE] = _bool(state, module_sig_check.ENFORCE, off=False)
    return {"parameters": folder(shown), "uevent": _uevent(state, OWN)}


def _bool(state: KernelState, name: str, *, off: bool = True) -> File:
    """A boolean parameter of the loader; ``off``: it can be switched off again."""
    path = f"/sys/module/{OWN}/parameters/{name}"

    def write(data: bytes) -> None:
        try:
            wanted = truth(data, enabled=state.rules.enables)
        except Invalid as error:
            raise refused(path, error.errno) from None
        if state.setting(name) and not wanted and not off:
            raise refused(path, EROFS)
        state.set(name, int(wanted))

    return attribute(0o644, lambda: b"Y\n" if state.setting(name) else b"N\n", write)


def _lockdown(state: KernelState) -> File:
    def text() -> bytes:
        level = state.setting(module_sig_check.LOCKDOWN)
        return (
            " ".join(f"[{name}]" if at == level else name for at, name in enumerate(LEVELS)) + "\n"
        ).encode()

    def write(data: bytes) -> None:
        word = data.strip().decode("ascii", "replace")
        if word not in LEVELS or LEVELS.index(word) <= state.setting(module_sig_check.LOCKDOWN):
            raise refused("/sys/kernel/security/lockdown", EINVAL)
        state.set(module_sig_check.LOCKDOWN, LEVELS.index(word))

    return File(0o644, text, write)
