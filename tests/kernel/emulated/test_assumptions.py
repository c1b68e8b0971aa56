"""Assumptions about a kernel of which little is known; options as in the configuration of Debian's 6.1."""

from __future__ import annotations

import re

import pytest

from pymodutils.elf.ksymtab import Export
from pymodutils.kernel.description import Description
from pymodutils.kernel.emulated.rules import assumptions
from tests.kernel.emulated.modules import EXPORTS, MAGIC, description

USUAL = {
    *("CRYPTO_MD5", "CRYPTO_SHA1", "CRYPTO_SHA512", "CRYPTO_SHA3", "MODULES", "KALLSYMS", "KALLSYMS_ALL"),
    *("MODULE_UNLOAD", "STRICT_MODULE_RWX", "SYSFS"),
}
OPTION = re.compile(r"CONFIG_(\w+) is unknown, assumed to be (y|n)")


def options(kernel: Description) -> tuple[set[str], set[str]]:
    """The options that are assumed to be on, and off."""
    found = [OPTION.fullmatch(line) for line in assumptions(kernel)]
    return tuple({it[1] for it in found if it and it[2] == value} for value in "yn")  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("changes", "on", "off"),
    [
        ({}, {*USUAL, "SMP", "MODVERSIONS"}, {"PREEMPT_RT", "MODULE_SIG"}),
        ({"keys": (b"x",)}, {*USUAL, "SMP", "MODVERSIONS", "MODULE_SIG"}, {"PREEMPT_RT"}),
        (
            {"vermagic": "6.1.0-made preempt_rt "},
            {*USUAL, "PREEMPT_RT"} - {"MODULE_UNLOAD"},
            {"SMP", "MODULE_UNLOAD", "MODVERSIONS", "MODULE_SIG"},
        ),
        (
            {"switches": {"SYSFS": False, "SMP": True}},
            {*USUAL, "MODVERSIONS"} - {"SYSFS"},
            {"PREEMPT_RT", "MODULE_SIG"},
        ),
    ],
)
def test_options(changes: dict[str, object], on: set[str], off: set[str]) -> None:
    kernel = description()._replace(switches={}, vermagic=MAGIC)._replace(**changes)  # type: ignore[arg-type]
    assert options(kernel) == (on, off)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"generation": None}, "the module loader of 6.1.0-made is unknown, assumed to be that of 6.1"),
        ({"vermagic": None}, "vermagic is unknown: no module will match"),
        ({"exports": {}}, "no exports are known: every import is an unknown symbol"),
        ({"page_size": None}, "the page size is unknown, assumed to be 4096"),
        (
            {"exports": {**EXPORTS, "a": Export(None, 1, gpl=False, namespace="")}},
            "1 exports have unknown addresses, which are assigned",
        ),
    ],
)
def test_what_else_is_assumed(changes: dict[str, object], line: str) -> None:
    assert line not in assumptions(description())
    assert line in assumptions(description()._replace(**changes))  # type: ignore[arg-type]
