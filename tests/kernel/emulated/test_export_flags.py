"""Exports since 7.0: one table, and a byte of flags for each entry.

The texts and errnos are those of Debian's 7.2.13.
"""

from __future__ import annotations

import pytest

from pymodutils.elf.constants import SHF_ALLOC
from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.modules import description, module
from tests.link.objects import Part


def kernel(release: str = "7.2.0-made") -> EmulatedKernel:
    return EmulatedKernel.boot(description()._replace(release=release))


def flags(raw: bytes) -> Part:
    return Part("__kflagstab", raw, SHF_ALLOC)


def texts(made: EmulatedKernel) -> list[str]:
    return [line.text for line in made.log()]


@pytest.mark.parametrize(
    ("symbol", "licence", "errno"), [("one", "MIT", 0), ("two", "MIT", 2), ("two", "GPL", 0)]
)
def test_the_flag_decides_who_may_use_it(symbol: str, licence: str, errno: int) -> None:
    made = kernel()
    made.init_module(module("prov", exports=("one", "two"), parts=(flags(b"\0\1"),)))
    crc = {"one": 0x100, "two": 0x101}
    user = module("user", imports=(symbol,), licence=licence, versions={symbol: crc[symbol]})
    if not errno:
        made.init_module(user)
        return
    with pytest.raises(Refused) as refused:
        made.init_module(user)
    assert refused.value.errno == errno
    assert texts(made)[-1] == f"user: Unknown symbol {symbol} (err -2)"


def test_exports_without_flags_are_refused() -> None:
    made = kernel()
    with pytest.raises(Refused) as refused:
        made.init_module(module(exports=("one",)))
    assert refused.value.errno == 8
    assert texts(made)[-1] == "made: no flags for exported symbols"


def test_too_few_flags_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        kernel().init_module(module(exports=("one", "two"), parts=(flags(b"\0"),)))
    assert refused.value.errno == 8


def test_a_table_of_gpl_only_exports_is_ignored() -> None:
    made = kernel()
    made.init_module(module("prov", exports=("one",), gpl_exports=("two",), parts=(flags(b"\0"),)))
    assert texts(made)[-2:] == [
        "prov: ignoring obsolete section __ksymtab_gpl",
        "prov: ignoring obsolete section __kcrctab_gpl",
    ]
    with pytest.raises(Refused) as refused:
        made.init_module(module("user", imports=("two",)))
    assert refused.value.errno == 2


def test_older_kernels_do_not_read_flags() -> None:
    made = kernel("6.19.0-made")
    made.init_module(module("prov", exports=("one",), parts=(flags(b"\1"),)))
    made.init_module(module("user", imports=("one",), licence="MIT", versions={"one": 0x100}))
