"""Drivers that are built in, as they register at boot: sysfs makes a folder for the module of each.

The module's name is a constant argument of the registration call in their init function;
drivers/base/module.c: module_add_driver. Whether a driver reaches that call can depend on the hardware.
"""

from __future__ import annotations

import re
from struct import unpack_from
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymodutils.arch.model import Calls
    from pymodutils.elf.ksymtab import Export
    from pymodutils.kernelimage.kallsyms import Symbols
    from pymodutils.kernelimage.memory import ImageMemory, Region

SYMBOLS: Final = (b"module_add_driver", b"lookup_or_create_module_kobject")  # since 6.15, and in 6.12 later
ADD, CREATE = SYMBOLS
ADD_SIZE: Final = 512  # bytes of the former's code that are looked at
CALLS: Final = {  # exported functions: which of their arguments is mod_name
    "__auxiliary_driver_register": 3,
    "__cxl_driver_register": 3,
    "__dax_driver_register": 3,
    "__hid_register_driver": 3,
    "__nd_driver_register": 3,
    "__pci_register_driver": 3,
    "__platform_driver_probe": 4,
    "__platform_driver_register": 3,
    "__serio_register_driver": 3,
    "usb_register_driver": 3,
}
NEAR: Final = 40  # bytes of code between the argument and the call
NAME: Final = re.compile(rb"\w{1,55}")
WORD: Final = 4  # bytes of a constant, and of a distance
LENGTH: Final = 1 + WORD  # bytes of a call


def registered(
    memory: ImageMemory, init_text: Region, calls: Calls, exports: Mapping[str, Export], symbols: Symbols
) -> frozenset[str]:
    """The modules of the drivers that register in ``init_text``; none if the kernel creates no folders."""
    if not _makes_folders(memory, calls, symbols):
        return frozenset()
    code = memory.data[init_text.offset : init_text.offset + init_text.size]
    found: set[str] = set()
    for number, load in calls.arguments.items():
        names = [name for name, argument in CALLS.items() if argument == number and name in exports]
        targets = {exports[name].address for name in names}
        for name, end in _constants(memory, code, load):
            near = code[end : end + NEAR + LENGTH - 1]
            if not targets.isdisjoint(_called(near, init_text.address + end, calls)):
                found.add(name)
    return frozenset(found)


def _makes_folders(memory: ImageMemory, calls: Calls, symbols: Symbols) -> bool:
    """Whether the kernel creates a missing folder; others only link to existing ones."""
    makers = {*symbols.get(CREATE, ())}
    for address in symbols.get(ADD, ()):
        at = memory.offset(address)
        code = b"" if at is None else memory.data[at : at + ADD_SIZE]
        if not makers.isdisjoint(_called(code, address, calls)):
            return True
    return False


def _constants(memory: ImageMemory, code: bytes, load: bytes) -> Iterator[tuple[str, int]]:
    """Each module name whose address is a constant after ``load``, and the end of that constant."""
    at = code.find(load)
    while 0 <= at <= len(code) - len(load) - WORD:
        end = at + len(load) + WORD
        name = memory.string(unpack_from("<i", code, end - WORD)[0] & memory.mask)
        if name and NAME.fullmatch(name):
            yield name.decode("ascii"), end
        at = code.find(load, at + 1)


def _called(code: bytes, address: int, calls: Calls) -> Iterator[int]:
    """The targets of calls and jumps in ``code``, located at ``address``."""
    for at in range(len(code) - LENGTH + 1):
        if code[at] in calls.opcodes:
            yield address + at + LENGTH + unpack_from("<i", code, at + 1)[0]
