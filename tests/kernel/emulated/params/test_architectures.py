"""Parameters in modules of other machines, compared with .modinfo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from struct import iter_unpack

import pytest

from pymodutils.arch.field import ByteOrder
from pymodutils.elf import compress
from pymodutils.elf.decode import modinfo
from pymodutils.elf.headers import PREFIXES
from pymodutils.elf.scan import Elf
from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.params import Param
from pymodutils.kernel.emulated.params.module_params import Parameters
from pymodutils.kernel.emulated.state.kernel_state import KernelState
from pymodutils.kernel.sources.source import describe
from pymodutils.names import of_path
from tests.oracles import kernels

SYMBOLS = {32: "IIIBBH", 64: "IBBHQQ"}
PROGBITS = 1
MODULES = 25


def independent(modules: Path) -> Iterator[tuple[str, bytes]]:
    """Some modules that have parameters but neither dependencies nor per-CPU data."""
    found = 0
    for path in sorted(modules.rglob("*.ko*")):
        data = compress.read(str(path))
        elf = Elf(data)
        if found == MODULES:
            return
        needs = dict(modinfo(elf.section(".modinfo") or b"")).get("depends") or elf.section(".data..percpu")
        if elf.section("__param") and not needs:
            found += 1
            yield of_path(str(path)), data


def variables(elf: Elf) -> Iterator[tuple[str, int]]:
    """The names and values of variables of four bytes, as the file has them in its own byte order."""
    order: ByteOrder = "big" if elf.order == "big" else "little"
    names = elf.section(".strtab") or b""
    table = elf.section(".symtab") or b""
    for row in iter_unpack(PREFIXES[order] + SYMBOLS[elf.bits], table):
        name, value, size, at = (
            (row[0], row[1], row[2], row[5]) if elf.bits == 32 else (row[0], row[4], row[5], row[3])
        )
        if size == 4 and 0 < at < len(elf.sections) and elf.sections[at].sh_type == PROGBITS:
            content = elf.content(at)[value : value + 4]
            yield (
                names[name : names.index(b"\0", name)].decode(),
                int.from_bytes(content, order, signed=True),
            )


def declared(name: str, state: KernelState) -> list[Param]:
    module = state.find(name)
    assert module
    return Parameters(state, module, "sh").declared()


def shown(kernel: EmulatedKernel, name: str) -> dict[str, str]:
    """The contents of readable files."""
    folder = f"/sys/module/{name}/parameters"
    found = {}
    for file in kernel.listdir(folder) if "parameters" in kernel.listdir(f"/sys/module/{name}") else []:
        with suppress(Refused):
            found[file] = kernel.read(f"{folder}/{file}").decode()
    return found


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize("flavour", ["i386", "armhf", "arm64", "s390x", "ppc64el"])
def test_types_and_values(flavour: str) -> None:
    kernel = kernels.kernel(flavour)
    emulated = EmulatedKernel.boot(describe([str(kernel.image), str(kernel.headers), str(kernel.modules)]))
    types = values = 0
    for name, data in independent(kernel.modules):
        elf = Elf(data)
        said = dict(
            value.split(":", 1) for tag, value in modinfo(elf.section(".modinfo") or b"") if tag == "parmtype"
        )
        emulated.init_module(data)
        params = emulated._operator.run(partial(declared, name))
        ours = {param.name.decode(): param.kind for param in params if param.kind != "own"}
        common = ours.keys() & said.keys()
        assert {param: ours[param] for param in common} == {param: said[param] for param in common}, name
        initial = dict(variables(elf))
        texts = shown(emulated, name)
        ints = [param for param in texts if ours.get(param) == "int" and param in initial]
        assert {param: int(texts[param]) for param in ints} == {param: initial[param] for param in ints}, name
        types, values = types + len(common), values + len(ints)
    assert types >= 40
    assert values >= 3
