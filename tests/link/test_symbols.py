"""st_value of symbols, and the kernel's messages for unresolved ones."""

from __future__ import annotations

import errno

import pytest

from pymodutils.arch.x86 import I386, X86_64
from pymodutils.errors import Refused
from pymodutils.link.failure import LinkError, OutOfBounds
from pymodutils.link.image import Image
from pymodutils.link.layout import LayoutConfig, layout
from pymodutils.link.symbols import simplify
from tests.link.modules import load
from tests.link.objects import Part, Sym, make

BASE, PERCPU, ABS, COMMON, LIVEPATCH, WEAK = 0xFFFF_FFFF_C000_0000, 0x34000, 0xFFF1, 0xFFF2, 0xFF20, 0x20
PARTS = [Part(".text", bytes(32), align=16), Part(".data..percpu", bytes(8), 3, align=8)]
KNOWN = {"printk": 0xFFFF_FFFF_8100_0000}


def worth(*symbols: Sym) -> tuple[list[int], list[tuple[int, str]]]:
    """The values of ``symbols``, and the log."""
    module = load(make(X86_64, PARTS, list(symbols), {}))
    image = Image(module, layout(module, LayoutConfig()), (BASE, BASE + 0x10000))
    log: list[tuple[int, str]] = []

    def resolve(name: str) -> int | None:
        if name == "forbidden":
            log.append((3, "m: module uses symbol (forbidden) from namespace X, but does not import it."))
            raise Refused("m", "", errno.EINVAL)
        return KNOWN.get(name)

    try:
        return simplify(image, "m", resolve, lambda level, text: log.append((level, text)), percpu=PERCPU)[
            1:
        ], log
    except LinkError as error:
        log.append((-error.errno, "stopped"))
        return [], log


def test_each_kind_of_symbol() -> None:
    values, log = worth(
        Sym("run", 4, 1),
        Sym("count", 2, 2),
        Sym("constant", 77, ABS),
        Sym(".klp.sym", 5, LIVEPATCH),
        Sym("__gnu_lto_slim", 1, COMMON),
        Sym("printk"),
        Sym("absent", info=WEAK),
        Sym("_GLOBAL_OFFSET_TABLE_"),
    )
    assert values == [BASE + 4, PERCPU + 2, 77, 5, 1, KNOWN["printk"], 0, 0]
    assert log == []


def test_values_of_32_bits_wrap() -> None:
    """st_value and the address of its section are unsigned long."""
    module = load(make(I386, PARTS, [Sym("printk"), Sym("run", 0xFFFF_FFFC, 1)], {}), I386)
    image = Image(module, layout(module, LayoutConfig()), (0xF800_0000, 0xF801_0000))
    values = simplify(image, "m", lambda _: 0xC100_0000, lambda *_: None, percpu=PERCPU)
    assert values == [0, 0xC100_0000, 0xF7FF_FFFC]


def test_all_are_tried_and_the_last_failure_counts() -> None:
    _, log = worth(Sym("a"), Sym("shared", 8, COMMON), Sym("wild", 0, 99), Sym("forbidden", info=WEAK))
    assert log == [
        (4, "m: Unknown symbol a (err -2)"),
        (4, "m: please compile with -fno-common"),
        (3, "m: Symbol wild has an invalid section index 99 (max 5)"),
        (3, "m: module uses symbol (forbidden) from namespace X, but does not import it."),
        (4, "m: Unknown symbol forbidden (err -22)"),
        (-22, "stopped"),
    ]


@pytest.mark.parametrize(("last", "code"), [("a", 2), ("forbidden", 22)])
def test_errno_is_the_last_ones(last: str, code: int) -> None:
    _, log = worth(Sym("forbidden"), Sym("b"), Sym(last))
    assert log[-1] == (-code, "stopped")


def test_names_that_run_into_each_other() -> None:
    data = bytearray(make(X86_64, PARTS, [Sym(f"s{at}") for at in range(2000)], {}))
    module = load(bytes(data))
    strings = module.sections[module.strtab]
    data[strings.sh_offset : strings.sh_offset + strings.sh_size] = b"x" * strings.sh_size
    spoilt = load(bytes(data)).symbols
    starts = [strings.sh_offset + name for name in spoilt.names]
    some = starts[:2000]
    assert spoilt.lengths(spoilt.names[:2000]) == sum(data.index(0, start) - start + 1 for start in some)
    with pytest.raises(OutOfBounds, match="symbol 7 does not end"):
        spoilt.name(7)
