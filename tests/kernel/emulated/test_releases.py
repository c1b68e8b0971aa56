"""Behaviour of the emulated kernel before and from each release of Linux that changed it."""

from __future__ import annotations

from errno import EBUSY, EEXIST, EINVAL, ENOEXEC, EPERM

import pytest

from pymodutils.elf.constants import SHF_ALLOC
from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.state import module_table
from tests.kernel.emulated import split_btf
from tests.kernel.emulated.modules import MAGIC, WRITE, description, module
from tests.kernel.emulated.test_btf_golden import END, KERNEL
from tests.link.objects import Part

TWIN = Part(".data.twin", bytes(8), WRITE, align=8)
CRCS = Part("__version_ext_crcs", bytes(4), SHF_ALLOC, align=4)
BTF = {case: Part(".BTF", data, 0) for case, data in split_btf.blobs(END).items()}
OK = 0


def boot(release: str) -> EmulatedKernel:
    switches = {"DEBUG_INFO_BTF_MODULES": True, "MODULE_ALLOW_BTF_MISMATCH": False, "DYNAMIC_DEBUG": True}
    made = description(**switches)._replace(release=f"{release}.0-made", vermagic=MAGIC, btf=KERNEL)
    return EmulatedKernel.boot(made)


def code_of(booted: EmulatedKernel, image: bytes) -> int:
    try:
        booted.init_module(image)
    except Refused as refused:
        return refused.errno
    return OK


@pytest.mark.parametrize(
    ("what", "image", "before", "since", "codes"),
    [
        ("sysfs needs the sections", module(parts=[TWIN, TWIN]), "6.11", "6.12", (OK, EEXIST)),
        ("extended versions", module(parts=[CRCS]), "6.13", "6.14", (OK, ENOEXEC)),
        ("module: namespaces", module(info=["import_ns=module:x"]), "6.15", "6.16", (OK, EPERM)),
        ("flags of exports", module(exports=["one"]), "6.19", "7.0", (OK, ENOEXEC)),
        ("blanks in a DATASEC", module(parts=[BTF["datasec: blanks"]]), "6.10", "6.11", (EINVAL, OK)),
        ("flags of tags", module(parts=[BTF["type_tag: flag"]]), "6.14", "6.15", (EINVAL, OK)),
        ("flags of declaration tags", module(parts=[BTF["decl_tag: flag"]]), "6.14", "6.15", (EINVAL, OK)),
    ],
)
def test_what_is_refused(what: str, image: bytes, before: str, since: str, codes: tuple[int, int]) -> None:
    assert (code_of(boot(before), image), code_of(boot(since), image)) == codes, what


@pytest.mark.parametrize(("release", "prefix"), [("6.5", ""), ("6.6", "kobject: ")])
def test_the_prefix_of_kobject(release: str, prefix: str) -> None:
    booted = boot(release)
    booted.init_module(module("a!b"))
    assert code_of(booted, module("a/b")) == EEXIST
    said = "kobject_add_internal failed for a!b with -EEXIST, don't try to register things with the same name"
    assert any(line.text.startswith(f"{prefix}{said}") for line in booted.log())


@pytest.mark.parametrize(("release", "code"), [("6.19", EEXIST), ("7.0", EBUSY)])
def test_an_init_that_says_that_it_exists(release: str, code: int) -> None:
    """Since 7.0 EEXIST is reserved for a name in use."""
    booted = boot(release)
    booted.behave("made", init=-EEXIST)
    assert code_of(booted, module()) == code


@pytest.mark.parametrize(("release", "there"), [("6.19", False), ("7.0", True)])
def test_imported_namespaces_are_shown(release: str, there: bool) -> None:
    booted = boot(release)
    booted.init_module(module(imports=["in_space"], info=["import_ns=SPACE", "import_ns=OTHER"]))
    assert ("import_ns" in booted.listdir("/sys/module/made")) == there
    if there:
        assert booted.read("/sys/module/made/import_ns") == b"SPACE\nOTHER\n"


@pytest.mark.parametrize(("release", "known"), [("6.5", False), ("6.6", True)])
def test_the_flag_for_the_name_of_the_source(release: str, known: bool) -> None:
    booted = boot(release)
    booted.init_module(module(), b'dyndbg="=s"')
    unknown = "dyndbg: unknown flag 's'"
    assert (unknown in [line.text for line in booted.log()]) != known


@pytest.mark.parametrize(("release", "areas"), [("6.3", 2), ("6.4", 7)])
def test_a_module_has_an_area_for_each_kind_of_memory(release: str, areas: int) -> None:
    booted = boot(release)
    booted.init_module(module())
    with booted.store.transaction():
        row = booted.store.execute(f"{module_table.MODULES} WHERE name = 'made'")[0]
        assert len(module_table.module(booted.store, row).areas) == areas
