"""Built-in drivers, found by the calls in their init functions."""

from __future__ import annotations

from struct import pack

import pytest

from pymodutils.arch.x86 import X86_64
from pymodutils.elf.ksymtab import Export
from pymodutils.kernelimage import drivers
from pymodutils.kernelimage.memory import Region, at_base

BASE = 0xFFFF_FFFF_8100_0000
ADD, CREATE, REGISTER, NAMES, INIT = (at << 12 for at in range(5))
EXPORTS = {"__pci_register_driver": Export(BASE + REGISTER, None, gpl=True, namespace="")}
RDX, RCX, XOR = b"\x48\xc7\xc2", b"\x48\xc7\xc1", b"\x31\xf6"


def call(at: int, to: int, opcode: bytes = b"\xe8") -> bytes:
    return opcode + pack("<i", to - at - 5)


def shown(init: bytes, made: int = CREATE) -> frozenset[str]:
    """The result for a kernel whose .init.text is ``init``; module_add_driver calls ``made``."""
    memory = bytearray(INIT + 0x1000)
    for at, code in ((ADD, call(ADD, made)), (NAMES, b"my_driver\0my driver\0"), (INIT, init)):
        memory[at : at + len(code)] = code
    symbols = {drivers.ADD: (BASE + ADD,), drivers.CREATE: (BASE + CREATE,)}
    region = Region(BASE + INIT, INIT, 0x1000)
    assert X86_64.image_calls is not None
    kernel = at_base(bytes(memory), BASE, 64, "little")
    return drivers.registered(kernel, region, X86_64.image_calls, EXPORTS, symbols)


def load(name: int, into: bytes = RDX) -> bytes:
    return into + pack("<I", (BASE + name) & 0xFFFF_FFFF)


@pytest.mark.parametrize("opcode", [b"\xe8", b"\xe9"])
def test_the_name_is_the_argument_of_the_call(opcode: bytes) -> None:
    assert shown(load(NAMES) + XOR + call(INIT + 9, REGISTER, opcode)) == {"my_driver"}


@pytest.mark.parametrize(
    "init",
    [
        load(NAMES) + XOR + call(INIT + 9, CREATE),
        load(NAMES, RCX) + XOR + call(INIT + 9, REGISTER),
        load(NAMES + 10) + XOR + call(INIT + 9, REGISTER),
        load(NAMES) + bytes(100) + call(INIT + 107, REGISTER),
        load(NAMES),
    ],
    ids=["another function", "another argument", "no name", "far away", "no call"],
)
def test_anything_else_is_no_driver(init: bytes) -> None:
    assert shown(init) == frozenset()


def test_a_kernel_that_only_links_to_folders_has_none() -> None:
    assert shown(load(NAMES) + XOR + call(INIT + 9, REGISTER), REGISTER) == frozenset()
