"""Types behind changed CRCs in check and preflight."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pymodutils import Root, Verdict, check
from pymodutils.checks import distilled
from pymodutils.checks.kabi_btf import BtfTypes
from pymodutils.checks.verdict import Finding
from pymodutils.kernel.emulated.load.btf import BtfKind
from tests.checks.btf_made import Made
from tests.checks.made import Desk
from tests.checks.test_kabi_types import grown
from tests.kernel.emulated.modules import EXPORTS
from tests.link.objects import Part

SAID = "struct device: member fresh added at 0x4, size 12 -> 16; reached through {}(struct device *)"

SAME = "the types in the module's .BTF.base have the same sizes in 6.1.0-made"


def with_types(*, new: bool, symbol: str = "_printk") -> bytes:
    made = Made()
    made.function(symbol, 0, made.pointer(grown(made, new)))
    return made.blob()


def crc(verdict: Verdict) -> Finding:
    return next(it for it in verdict.findings if it.rule == "crc")


def kernels(desk: Desk, **of_new: Any) -> list[str]:
    """An old and a new kernel that differ in the CRC and the types of _printk."""
    exports = {**EXPORTS, "_printk": EXPORTS["_printk"]._replace(crc=0x999)}
    changes = {"btf": with_types(new=True), "exports": exports, "release": "6.1.0-made", **of_new}
    return [desk.kernel("old", btf=with_types(new=False)), desk.kernel("new", **changes)]


def test_the_kernel_it_was_built_for_is_among_those_of_the_check(desk: Desk) -> None:
    module = desk.module(imports=["_printk"], versions={"_printk": EXPORTS["_printk"].crc})
    old, new = check([module], kernels(desk), cached=False).verdicts
    assert old.loads
    assert crc(new).types == (SAID.format("_printk"),)
    assert SAID.format("_printk") in crc(new).whole


def test_a_kernel_with_other_crcs_is_not_the_one(desk: Desk) -> None:
    module = desk.module(imports=["_printk"], versions={"_printk": 0x777})
    for verdict in check([module], kernels(desk), cached=False).verdicts:
        assert crc(verdict).types == ()


def test_without_btf_it_is_said(desk: Desk) -> None:
    module = desk.module(imports=["_printk"], versions={"_printk": EXPORTS["_printk"].crc})
    verdict = check([module], kernels(desk, btf=None), cached=False).verdicts[1]
    assert crc(verdict).types == ("6.1.0-made has no BTF, so it is unknown which types changed",)


def test_the_same_types_are_said_to_be_the_same(desk: Desk) -> None:
    module = desk.module(imports=["_printk"], versions={"_printk": EXPORTS["_printk"].crc})
    verdict = check([module], kernels(desk, btf=with_types(new=False)), cached=False).verdicts[1]
    assert crc(verdict).types == ("BTF shows no difference in the types of _printk",)


def test_the_installed_kernel_that_it_was_built_for(desk: Desk) -> None:
    _, new = kernels(desk)
    image = Path(desk.folder, "root/boot/vmlinuz-6.1.0-made")
    image.parent.mkdir(parents=True)
    shutil.copy(desk.folder / "old.json", image)
    module = desk.module(imports=["_printk"], versions={"_printk": EXPORTS["_printk"].crc})
    root = Root(desk.folder / "root")
    assert crc(check([module], [new], cached=False, root=root).verdicts[0]).types == (SAID.format("_printk"),)


def test_a_module_continues_the_numbers_of_its_kernel() -> None:
    base = Made()
    number = base.number()
    split = Made(base)
    split.function("given", 0, split.pointer(split.composite("own", 4, [("count", number, 0)])))
    kernel = BtfTypes(base.blob(), "little", "kernel")
    module = BtfTypes(split.blob(), "little", "module", kernel)
    assert len(module) == split.count + 1
    assert module.text(number) == "int"
    assert module.list(module.functions["given"]) == "struct own *"
    [member] = module.members(2)
    assert (member.name, module.text(member.type)) == ("count", "int")


def test_a_module_says_itself_what_its_kernel_had(desk: Desk) -> None:
    """Its kernel is not available, but the sizes of its types are in .BTF.base."""
    _, new = kernels(desk)
    versions = {"_printk": EXPORTS["_printk"].crc}
    for size, said in ((12, "struct device: size 12 -> 16, by the module's .BTF.base"), (16, SAME)):
        base = Made()
        base.composite("device", size, [])
        module = desk.module(imports=["_printk"], versions=versions, parts=[Part(".BTF.base", base.blob())])
        assert crc(check([module], [new], cached=False).verdicts[0]).types == (said,)


def test_a_type_that_went_and_one_that_is_elsewhere_an_enumeration() -> None:
    built, kernel = Made(), Made()
    built.composite("gone", 8, [])
    built.add(BtfKind.ENUM, "mode", 8)
    built.composite("twice", 4, [])
    kernel.add(BtfKind.ENUM64, "mode", 8)
    kernel.composite("twice", 8, [])
    kernel.composite("twice", 4, [])
    kernel.number("gone")
    before, after = (BtfTypes(it.blob(), "little", "") for it in (built, kernel))
    assert distilled.differences(before, after, "7.2") == ["struct gone was removed: 7.2 has none"]


# with real kernels
