"""Type differences behind changed CRCs, compared with bpftool."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pymodutils import BadKernel
from pymodutils.checks.kabi_btf import BtfTypes
from pymodutils.checks.kabi_types import Differ, reasons
from pymodutils.kernel.emulated.load.btf import BtfKind
from tests.checks import kernel_btf
from tests.checks.btf_made import Made
from tests.kernel.emulated.modules import description
from tests.oracles.debian import unpacked

Make = Callable[[Made, bool], int]


def types(make: Make, *, new: bool) -> BtfTypes:
    made = Made()
    made.function("use", 0, make(made, new))
    return BtfTypes(made.blob(), "little", "made")


def said(make: Make) -> str:
    """The reason for the function ``use``, whose parameter type is created by ``make``; empty if none."""
    found = Differ(types(make, new=False), types(make, new=True)).reasons(["use", "nosuch"])
    return found[0].text if found else ""


def grown(made: Made, new: bool) -> int:
    number = made.number()
    members = [("first", number, 0), *([("fresh", number, 4)] if new else []), ("last", number, 8)]
    return made.composite("device", 16 if new else 12, members)


def test_the_example_of_the_documentation() -> None:
    assert said(lambda made, new: made.pointer(grown(made, new))) == (
        "struct device: member fresh added at 0x4, size 12 -> 16; reached through use(struct device *)"
    )


def test_a_way_through_other_types() -> None:
    def outer(made: Made, new: bool) -> int:
        inner = made.pointer(grown(made, new))
        return made.pointer(made.composite("bus", 8, [("dev", inner, 0)]))

    assert said(outer).endswith("; reached through use(struct bus *) -> struct bus")


def test_a_variable_leads_to_what_it_contains() -> None:
    def reason(*, nested: bool) -> str:
        kinds = []
        for new in (False, True):
            made = Made()
            inner = grown(made, new)
            of = made.composite("outer", 24, [("dev", inner, 0)]) if nested else inner
            made.add(BtfKind.VAR, "table", of, 1)
            kinds.append(BtfTypes(made.blob(), "little", "made"))
        return Differ(*kinds).reasons(["table"])[0].text

    text = "struct device: member fresh added at 0x4, size 12 -> 16"
    assert reason(nested=False) == f"{text}; reached through table"
    assert reason(nested=True) == f"{text}; reached through table"


def test_no_difference_is_no_reason() -> None:
    assert said(lambda made, _: made.pointer(grown(made, new=False))) == ""


def test_a_type_that_holds_itself() -> None:
    def ring(made: Made, new: bool) -> int:
        return made.composite("list", 16 if new else 8, [("next", made.count + 2, 0)]) and made.pointer(
            made.count
        )

    assert said(ring) == "struct list: size 8 -> 16; reached through use(struct list *)"


CASES: list[tuple[Make, str]] = [
    (lambda made, new: made.number("long", 8) if new else made.number(), "int became long"),
    (lambda made, new: made.number("int", 8 if new else 4), "int became int"),
    (lambda made, new: made.enum("mode", A=0, B=2 if new else 1), "enum mode: B 1 -> 2"),
    (lambda made, new: made.enum("mode", A=0, **({"C": 1} if new else {})), "enum mode: C added as 1"),
    (lambda made, new: made.enum("mode", **({} if new else {"A": 0}), B=1), "enum mode: A removed"),
    (
        lambda made, new: made.bits("flags", 4, [("on", made.number(), 1 if new else 0, 1)]),
        "struct flags: member on moved from 0x0, bit 0 to 0x0, bit 1",
    ),
    (
        lambda made, new: made.bits("flags", 4, [("on", made.number(), 1, 3 if new else 2)]),
        "struct flags: member on has 3 bits, not 2",
    ),
    (
        lambda made, new: made.composite("u", 4, [("b" if new else "a", made.number(), 0)], BtfKind.UNION),
        "union u: member b added at 0x0",
    ),
    (
        lambda made, new: made.composite("s", 4, [] if new else [("a", made.number(), 0)]),
        "struct s: member a removed from 0x0",
    ),
    (
        lambda made, new: made.composite("x", 4, []) if new else made.add(BtfKind.FWD, "x", 0),
        "struct x: now defined",
    ),
    (
        lambda made, new: made.add(BtfKind.ARRAY, "", 0, made.number(), 1, 4 if new else 2),
        "int[2] became int[4]",
    ),
    (lambda made, new: made.pointer(made.number()) if new else made.number(), "int became int *"),
    (lambda made, new: made.add(BtfKind.TYPEDEF, "b_t" if new else "a_t", made.number()), "a_t became b_t"),
    (
        lambda made, new: made.add(BtfKind.CONST, "", made.number()) if new else made.number(),
        "int became const int",
    ),
]


@pytest.mark.parametrize(("make", "expected"), CASES, ids=[text for _, text in CASES])
def test_each_kind_of_difference(make: Make, expected: str) -> None:
    assert said(make).startswith(f"{expected}; reached through use(")


def test_another_number_of_parameters() -> None:
    old, new = Made(), Made()
    old.function("use", 0, old.number())
    new.function("use", 0, new.number(), new.number("long", 8))
    found = Differ(*(BtfTypes(it.blob(), "little", "made") for it in (old, new))).reasons(["use"])
    assert found[0].difference == "(int) became (int, long)"


def test_without_btf_it_is_said() -> None:
    found, why = reasons(description(), description(), ["use"])
    assert found == []
    assert why.startswith("6.1.0-made and 6.1.0-made have no BTF")


@pytest.mark.parametrize("cut", [3, 30, 60])
def test_damaged_btf_is_one_line(cut: int) -> None:
    made = Made()
    made.function("use", 0, grown(made, new=True))
    with pytest.raises(BadKernel, match="BTF is damaged"):
        BtfTypes(made.blob()[:cut], "little", "made")


@pytest.mark.lane
@pytest.mark.slow
@pytest.mark.parametrize("name", kernel_btf.NAMES)
def test_all_types_are_read_as_bpftool_reads_them(name: str, tmp_path: Path) -> None:
    path = tmp_path / "vmlinux.btf"
    ours = kernel_btf.types(name, path)
    bpftool = unpacked("bpftool") / "usr/sbin/bpftool"
    words = [str(bpftool), "-j", "btf", "dump", "file", str(path), "format", "raw"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)["types"]
    assert len(rows) == len(ours) - 1
    for row in rows:
        assert seen(ours, row["id"], row) == wanted(row), row


def wanted(row: dict[str, Any]) -> list[Any]:
    """The properties of a type, by bpftool."""
    kind = row["kind"]
    found: list[Any] = [kind, "" if row["name"] == "(anon)" else row["name"]]
    if kind in ("STRUCT", "UNION"):
        found.append(row["size"])
        found += [
            (
                "" if it["name"] == "(anon)" else it["name"],
                it["type_id"],
                it["bits_offset"],
                it.get("bitfield_size", 0),
            )
            for it in row["members"]
        ]
    elif kind == "ENUM":
        found += [(it["name"], it["val"] & 0xFFFF_FFFF) for it in row["values"]]
    elif kind == "FUNC_PROTO":
        found += [row["ret_type_id"], *(it["type_id"] for it in row["params"])]
    elif kind == "ARRAY":
        found += [row["type_id"], row["nr_elems"]]
    elif "type_id" in row:
        found.append(row["type_id"])
    return found


def seen(ours: BtfTypes, number: int, row: dict[str, Any]) -> list[Any]:
    """The same, by us."""
    kind = ours.kind(number)
    found: list[Any] = [BtfKind(kind).name, ours.name(number)]
    if kind in (BtfKind.STRUCT, BtfKind.UNION):
        found += [ours.size(number), *map(tuple, ours.members(number))]
    elif kind == BtfKind.ENUM:
        found += ours.values(number).items()
    elif kind == BtfKind.FUNC_PROTO:
        found += [ours.inner(number), *ours.parameters(number)]
    elif kind == BtfKind.ARRAY:
        found += ours.array(number)
    elif "type_id" in row:
        found.append(ours.inner(number))
    return found
