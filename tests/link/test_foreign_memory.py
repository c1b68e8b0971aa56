"""Modules in the memory of real kernels of six architectures, laid out and linked as we do it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import pytest

from pymodutils.elf import compress
from pymodutils.elf.constants import SHF_WRITE
from pymodutils.elf.scan import Elf
from pymodutils.kernel.emulated.rules import Rules, rules
from pymodutils.kernel.sources.source import describe
from pymodutils.link import extable
from pymodutils.link.frob import frob
from pymodutils.link.image import Image
from pymodutils.link.layout import Layout, layout
from pymodutils.link.object import Object
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify
from tests.arch import proofs
from tests.arch.running import imports
from tests.kernel.emulated.architectures import Tree
from tests.lanes.foreign import MACHINES, Machine, Seen, loaded
from tests.link import relsecs
from tests.oracles.kernels import kernel

MODULES = "dummy vfat nls_utf8 crc7 loop tun ext4 sunrpc"
TOC, LIVE = (
    (".toc",),
    ("__mcount_loc", ".static_call_sites"),
)  # constant all the same; changed by who reads it
MADE = (".text.ftrace_trampoline",)  # by module_finalize
TRACER = "_mcount"  # what PowerPC's functions begin with a call of
INIT = 1 << 25  # from what stays to what init has left, if nobody says


class Found(NamedTuple):
    """The result of the comparison of one module."""

    sections: int
    compared: int  # bytes
    changed: Counter[str]  # bytes that differ, by what explains them
    unexplained: list[str]


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_memory_is_as_we_link_it(machine: Machine) -> None:
    own = kernel(machine.name)
    told = describe([str(own.image), str(own.headers / ".config")])
    tree = Tree(own.modules.rglob("*.ko*"))
    files = {name: compress.read(str(tree.files[name])) for name in tree.order(MODULES.split())}
    known = {name: it.address for name, it in told.exports.items() if it.address is not None}
    with loaded(machine, files, sorted(wanted(files, rules(told)))) as seen:
        assert not seen.failed
        assert set(seen.bases) == set(files)
        here = running(rules(told), seen)
        assert {name: at for name, at in seen.symbols.items() if name in known} == {
            name: known[name] for name in seen.symbols if name in known
        }
        symbols = {**known, **seen.symbols}
        found = [
            compare(Object(data, Elf(data).sections, here.arch, name), here, seen, symbols)
            for name, data in files.items()
        ]
    changed = sum((one.changed for one in found), Counter[str]())
    assert [line for one in found for line in one.unexplained] == []
    assert sum(one.sections for one in found) > 8 * len(files)
    assert sum(one.compared for one in found) > 500_000
    assert changed.total() < 0.05 * sum(one.compared for one in found)
    proof = {
        "release": own.release,
        "modules": len(found),
        "bytes": sum(one.compared for one in found),
        "changed": changed,
    }
    proofs.agree("memory", machine.name, proof)


def wanted(files: Mapping[str, bytes], here: Rules) -> set[str]:
    """The imports of the modules."""
    return set().union(*(imports(Object(data, Elf(data).sections, here.arch)) for data in files.values()))


def running(told: Rules, seen: Seen) -> Rules:
    """``told`` without expolines, which the kernel does not use where the processor is not affected."""
    options = {**told.layout.options, "EXPOLINE": "y" if "execute trampolines" in seen.spectre else "n"}
    return told._replace(layout=told.layout._replace(options=options))


def compare(module: Object, here: Rules, seen: Seen, symbols: Mapping[str, int]) -> Found:
    """``module`` as we link it, and the kernel's memory."""
    name = module.subject
    module = frob(module, here.layout, name)
    image = linked(module, layout(module, here.layout), seen, symbols)
    assert image.layout.coresize == seen.sizes[name]
    masks = {
        **relsecs.patched(image, seen.symbols.get(TRACER, 0)),
        "unknown": relsecs.unknown(image, symbols),
    }
    changed, unexplained, compared, sections = Counter[str](), [], 0, 0
    for at in constant(image):
        section, address = module.sections[at], image.addresses[at]
        assert seen.sections[name, section.name] == address, section.name
        ours, theirs = bytes(image.section(at)), seen.read(address, section.sh_size)
        sections, compared = sections + 1, compared + len(ours)
        for offset in (offset for offset in range(len(ours)) if ours[offset] != theirs[offset]):
            why = next((why for why, places in masks.items() if address + offset in places), "")
            changed[why] += 1
            if not why:
                unexplained.append(f"{name} {section.name}+{offset:#x}")
    return Found(sections, compared, changed, unexplained)


def constant(image: Image) -> list[int]:
    """The sections that stay in memory unchanged."""
    core = set(image.layout.plan.core)
    found = []
    for at, (section, placed) in enumerate(zip(image.module.sections, image.layout.placed, strict=True)):
        stays = placed is not None and placed.area in core and section.sh_size
        constant = not section.sh_flags & SHF_WRITE or section.name in TOC
        if stays and constant and section.name not in (*LIVE, *MADE):
            found.append(at)
    return found


def linked(module: Object, plan: Layout, seen: Seen, symbols: Mapping[str, int]) -> Image:
    """``module`` linked at the kernel's addresses."""
    bases = [seen.bases[module.subject] + INIT * area for area in range(len(plan.sizes))]
    for section, placed in zip(module.sections, plan.placed, strict=True):
        address = seen.sections.get((module.subject, section.name))
        if placed is not None and address is not None:
            bases[placed.area] = address - placed.offset
    image = Image(module, plan, bases)
    unknown = seen.symbols["_printk"]  # within reach
    values = simplify(
        image, module.subject, lambda name: symbols.get(name, unknown), lambda _, __: None, percpu=unknown
    )
    relocate(image, values, module.subject)
    extable.sort(image)
    return image
