"""Several causes of one rule: the first decides, and all are counted; cases that only messages tell apart."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pymodutils.checks.candidate import Candidate
from pymodutils.checks.kabi_btf import BtfTypes
from pymodutils.checks.kabi_types import Differ
from pymodutils.checks.messages import MESSAGES
from pymodutils.kernel.emulated.load.btf import BtfKind
from pymodutils.kernel.emulated.load.causes import Cause, CauseKind
from tests.checks.btf_made import Made
from tests.checks.made import Desk, advice, errors
from tests.elf import made
from tests.kernel.emulated.modules import STRUCT

SUFFIX = ": the same 6.1.0 with a different suffix (CONFIG_LOCALVERSION, or a modified git tree)"
EACH = {CauseKind.PARAMETER, CauseKind.NAMESPACE, CauseKind.MODULE_NAMESPACE}  # a finding for each


def context(**more: Any) -> Any:
    """That of a module whose file says nothing."""
    module = SimpleNamespace(
        damage="", info=(("a", "b"),), machine=62, name="made", path="/none", built_for="6.1.0-made",
        value=lambda _key: None, values=lambda _key: [],
    )  # fmt: skip
    known: dict[str, Any] = {
        "module": module,
        "trial": SimpleNamespace(log=("a line", "the last line"), causes=()),
        "target": SimpleNamespace(label="here", kernel=SimpleNamespace(arch="", keys=[])),
        "release": "6.1.0-made", "rebuild": "rebuild it", "headers": "headers", "detailed": False,
        "whole": False, "absent": [], "expects": {}, "agreeing": list, "elsewhere": lambda _symbol: [],
        "providers": SimpleNamespace(exporter=lambda _symbol: None),
    }  # fmt: skip
    return SimpleNamespace(**known | more)


def causes(kind: CauseKind) -> list[Cause]:
    formats = ("gzip", "xz") if kind is CauseKind.COMPRESSION else ("first", "second")
    return [
        Cause(kind, name, found=f"found-{name}", expected=f"expected-{name}", owner=f"owner-{name}")
        for name in formats
    ]


@pytest.mark.parametrize("kind", [kind for kind in MESSAGES if kind not in EACH], ids=str)
def test_the_first_cause_is_the_subject(kind: CauseKind) -> None:
    first, second = causes(kind)
    (found,) = MESSAGES[kind](context(), [first, second])
    names = (second.subject, second.found, second.expected)
    assert not any(found.subject == name for name in names)
    assert found.symbols in ((), (first.subject, second.subject))
    for ours, theirs in zip((first.subject, first.found, first.expected), names, strict=True):
        if theirs in found.message:
            assert found.message.index(ours) < found.message.index(theirs)


@pytest.mark.parametrize("kind", sorted(EACH), ids=str)
def test_some_rules_have_a_finding_for_each(kind: CauseKind) -> None:
    found = list(MESSAGES[kind](context(), causes(kind)))
    assert len(found) == 2
    assert "first" in found[0].message
    assert "second" in found[1].message


def test_another_release_with_the_same_base(desk: Desk) -> None:
    for built, end in {
        "6.1.0+": SUFFIX,
        "6.1.0-other": SUFFIX,
        "6.1.1-made": "",
        "6.1": "",
    }.items():
        kernel = desk.kernel(switches={"MODVERSIONS": False}, vermagic="6.1.0-made SMP ")
        found = desk.verdict(desk.module(magic=f"{built} SMP "), kernel=kernel)
        assert errors(found)["vermagic"] == f"it is built for {built}, the kernel is 6.1.0-made{end}"


def test_a_file_with_metadata_is_built_again_and_one_without_is_damaged() -> None:
    (found,) = MESSAGES[CauseKind.OTHER](context(), [Cause(CauseKind.OTHER, "")])
    assert (found.message, found.advice) == ("the kernel refuses the file: the last line", "rebuild it")
    module = SimpleNamespace(damage="", info=())
    (found,) = MESSAGES[CauseKind.OTHER](context(module=module), [Cause(CauseKind.OTHER, "")])
    assert "damaged" in found.advice
    silent = SimpleNamespace(log=())
    (found,) = MESSAGES[CauseKind.OTHER](context(trial=silent), [Cause(CauseKind.OTHER, "")])
    assert found.message == "the kernel refuses the file and logs no reason"


def test_taints_that_reports_are_declined_for(desk: Desk) -> None:
    found = desk.verdict(desk.module(licence="Proprietary"))
    assert advice(found, "taint") == "expect bug reports from a tainted kernel to be declined"
    assert advice(desk.verdict(desk.module(info=["staging=Y"])), "taint") == ""


def test_the_size_of_struct_module_is_that_of_its_section(desk: Desk) -> None:
    assert Candidate.read(desk.module()).struct == STRUCT
    assert Candidate.read(desk.file("none.ko", made.modinfo(b"license=GPL"))).struct == 0


def reason(old: Made, new: Made) -> str:
    types = [BtfTypes(it.blob(), "little", "made") for it in (old, new)]
    return Differ(*types).reasons(["use"])[0].text


def test_values_of_64_bits() -> None:
    """The upper half follows the lower one."""
    both = [Made(), Made()]
    for at, one in enumerate(both):
        words = [one._name("A"), 5, 7, one._name("B"), 1, at]
        one.function("use", 0, one.add(BtfKind.ENUM64, "big", 8, *words, vlen=2))
    assert reason(*both).startswith(f"enum big: B 1 -> {1 + (1 << 32)}; reached through")


def test_a_difference_within_an_unnamed_type_is_that_of_its_owner() -> None:
    both = [Made(), Made()]
    for size, one in zip((4, 8), both, strict=True):
        number = one.number()
        inner = one.composite("", size, [("a", number, 0)], BtfKind.UNION)
        one.function("use", 0, one.composite("outer", 16, [("", inner, 0)]))
    assert reason(*both).startswith("struct outer: in its union, size 4 -> 8")
    alone = [Made(), Made()]
    for size, one in zip((4, 8), alone, strict=True):
        one.function("use", 0, one.composite("", size, [("a", one.number(), 0)], BtfKind.UNION))
    assert reason(*alone).startswith("union {...}: size 4 -> 8")
