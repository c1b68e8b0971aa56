"""Causes past the first refusal are the loader's own and do not depend on other faults."""

from __future__ import annotations

from pymodutils.kernel.emulated.load.causes import CauseKind
from tests.checks.made import Desk, errors
from tests.kernel.emulated.modules import EXPORTS, SWITCHES, kernel, module

BAD_CRC = {"_printk": 1}
BOTH = ("_printk", "gpl_only")


def rules(desk: Desk, image: str, **changes: object) -> set[str]:
    return set(errors(desk.verdict(image, kernel=desk.kernel("k", **changes))))


def test_a_namespace_for_the_module_is_no_cause_beside_a_wrong_crc(desk: Desk) -> None:
    exports = {**EXPORTS, "gpl_only": EXPORTS["gpl_only"]._replace(namespace="module:made")}
    image = desk.module("made", imports=BOTH, versions=BAD_CRC)
    assert rules(desk, image, release="6.16.0-made", exports=exports) == {"crc"}
    assert rules(desk, image, release="6.1.0-made", exports=exports) == {"crc", "namespace"}


def test_a_kernel_that_allows_missing_imports_does_so_beside_a_wrong_crc(desk: Desk) -> None:
    exports = {**EXPORTS, "gpl_only": EXPORTS["gpl_only"]._replace(namespace="NS")}
    image = desk.module("made", imports=BOTH, versions=BAD_CRC)
    for lenient, expected in ((True, {"crc"}), (False, {"crc", "namespace"})):
        switches = {**SWITCHES, "MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS": lenient}
        assert rules(desk, image, exports=exports, switches=switches) == expected


def test_module_layout_hides_nothing(desk: Desk) -> None:
    image = desk.module(
        "made",
        licence="Proprietary",
        imports=("_printk", "gpl_only", "nowhere", "in_space"),
        exports=["param_ops_int"],
        versions={"module_layout": 1, "_printk": 2},
    )
    expected = {"crc", "gpl-only", "unknown", "namespace", "duplicate"}
    assert rules(desk, image) == expected


def test_an_optional_symbol_of_the_architecture_is_no_cause() -> None:
    image = module(imports=("_printk", "_GLOBAL_OFFSET_TABLE_"), versions=BAD_CRC)
    booted = kernel()
    assert {it.kind for it in booted.causes_against(image)} == {CauseKind.CRC}


def test_asking_changes_nothing_within_a_trial() -> None:
    booted = kernel()
    with booted.trial():
        booted.causes_against(module(versions=BAD_CRC))
    assert booted.loaded() == []
    booted.init_module(module())
