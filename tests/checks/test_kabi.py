"""--between compared with the kernels' Module.symvers, and the modules that break."""

from __future__ import annotations

import pytest

from pymodutils.checks.kabi import changes
from pymodutils.checks.matrix import compare
from pymodutils.elf.ksymtab import Export
from pymodutils.kernel.sources.source import describe
from pymodutils.root import Root
from tests.checks.made import Desk
from tests.kernel.emulated.modules import EXPORTS, SWITCHES
from tests.oracles import kernels


def test_every_kind_of_change(desk: Desk) -> None:
    new = dict(EXPORTS)
    new["_printk"] = new["_printk"]._replace(crc=1)
    new["module_layout"] = new["module_layout"]._replace(gpl=True)
    new["gpl_only"] = new["gpl_only"]._replace(gpl=False)
    new["param_ops_int"] = new["param_ops_int"]._replace(namespace="PARAMS")
    del new["in_space"]
    new["fresh"] = Export(1, 2, gpl=False, namespace="")
    kernels = [desk.kernel("old"), desk.kernel("new", exports=new, release="6.1.1")]
    found = compare(kernels, [], Root(), cached=False)
    assert {(it.symbol, it.kind) for it in found.changes} == {
        ("_printk", "crc"),
        ("module_layout", "gpl-only"),
        ("gpl_only", "for-all"),
        ("param_ops_int", "namespace"),
        ("in_space", "gone"),
        ("fresh", "appeared"),
    }
    assert (found.before.label, found.after.label) == ("6.1.0-made", "6.1.1")


def test_which_modules_break(desk: Desk) -> None:
    new = dict(EXPORTS)
    new["_printk"] = new["_printk"]._replace(gpl=True)
    new["param_ops_int"] = new["param_ops_int"]._replace(namespace="PARAMS")
    del new["in_space"]
    kernels = [desk.kernel("old"), desk.kernel("new", exports=new)]
    modules = [
        desk.module("free"),
        desk.module("closed", licence="Proprietary"),
        desk.module("imports", imports=["param_ops_int"], info=["import_ns=PARAMS"]),
        desk.module("lacks", imports=["param_ops_int"]),
        desk.module("gone", imports=["in_space"], info=["import_ns=SPACE"]),
    ]
    found = compare(kernels, modules, Root(), cached=False)
    assert found.modules == 5
    assert [(it.module, [change.kind for change in it.changes]) for it in found.broken] == [
        ("closed", ["gpl-only"]),
        ("lacks", ["namespace"]),
        ("gone", ["gone"]),
    ]


def test_a_namespace_for_the_module_breaks_nothing(desk: Desk) -> None:
    """Namespaces that name modules need no import; kernel/module/main.c: verify_module_namespace."""
    others = {**EXPORTS, "gpl_only": EXPORTS["gpl_only"]._replace(namespace="module:other")}
    own = {**EXPORTS, "gpl_only": EXPORTS["gpl_only"]._replace(namespace="module:made")}
    old = desk.kernel("old", release="6.16.0-made")
    made = desk.module("made", imports=["gpl_only"])
    for name, exports, expected in (("own", own, []), ("others", others, ["made"])):
        new = desk.kernel(name, release="6.16.0-made", exports=exports)
        found = compare([old, new], [made], Root(), cached=False)
        assert [it.module for it in found.broken] == expected


def test_without_modversions_everything_must_be_rebuilt(desk: Desk) -> None:
    switches = {**SWITCHES, "MODVERSIONS": False}
    old, new = desk.kernel("old"), desk.kernel("new", release="6.1.1-made", switches=switches)
    assert compare([old, old], [], Root(), cached=False).rebuild == ""
    expected = "6.1.1-made is built without CONFIG_MODVERSIONS, so changed types are not detected"
    assert compare([old, new], [], Root(), cached=False).rebuild == expected
    assert compare([new, new], [], Root(), cached=False).rebuild == ""


@pytest.mark.lane
@pytest.mark.slow
def test_two_kernels_of_debian_as_their_symvers_differ() -> None:
    one, two = (kernels.kernel(name) for name in ("amd64", "cloud-amd64"))
    found = changes(*(describe([str(it.image)]) for it in (one, two)))
    old, new = one.symvers(), two.symvers()
    by_kind = {
        "gone": old.keys() - new.keys(),
        "appeared": new.keys() - old.keys(),
        "crc": {name for name in old.keys() & new.keys() if old[name][0] != new[name][0]},
    }
    for kind, names in by_kind.items():
        assert {it.symbol for it in found if it.kind == kind} == names
        assert names
