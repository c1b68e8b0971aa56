"""Linkers' results for every bit of every relocation, and stubs that objdump reads, for the quick tests.

``python -m tests.arch.golden`` regenerates them. The file of an architecture has rows of [type, value of the
symbol, addend, word before, the 16 bytes as ld writes them]; ``beyond`` has the cases just outside a range,
with the bytes that an unchecked write would produce and ld does not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pymodutils.arch.range import Range
from tests.arch import keep, pairs, stubs, types
from tests.arch.cases import STEP, Case, built, case, cases, plain
from tests.arch.historic import HISTORIC
from tests.arch.linkers import JUDGED, Judged
from tests.oracles import ld


def name(judged: Judged, base: int) -> str:
    """The name of the recorded results for ``judged`` at ``base``."""
    prefix = "historic" if judged in HISTORIC else f"{JUDGED.index(judged):02}"
    return f"{prefix}-{judged.name.replace(' ', '-')}-{base:x}"


def kept(judged: Judged, base: int) -> dict[str, list[list[Any]]]:
    """The result of the linker."""
    found: dict[str, list[list[Any]]] = keep.read(name(judged, base))
    return found


def as_cases(judged: Judged, rows: Sequence[Sequence[Any]]) -> list[Case]:
    """The cases in ``rows``."""
    relocs = judged.arch.relocs
    return [Case(row[0], relocs[row[0]], 0, *row[1:4]) for row in rows]


def beyond(judged: Judged, base: int) -> list[tuple[Case, bytes]]:
    """The nearest values outside each range, and the bytes that an unchecked write would store."""
    found = []
    for number in plain(judged):
        row = judged.arch.relocs[number]
        if not row.range or number in judged.limits:
            continue
        for value in (row.range.high + -row.range.high % row.align, row.range.low - row.align):
            one = case(judged, number, value, base)
            word = row.field.put(one.before, value)
            if -(1 << 63) <= value < 1 << 63 and value in Range(
                -1 << judged.arch.bits, 1 << judged.arch.bits
            ):
                order = row.field.order or judged.arch.order
                found.append((one, word.to_bytes(row.field.size, order).ljust(STEP, b"\0")))
    return found


def _refused(judged: Judged, base: int, one: Case, naive: bytes, folder: Path) -> bool:
    """Whether the linker does not store what an unchecked write would."""
    data, imports = built(judged, [one], rela=None if judged.asked else True)
    try:
        linked = ld.link(folder, data, [ld.Placing(".text", base, 16)], imports, judged.emulation)
    except AssertionError:
        return True
    return linked[".text"][:STEP] != naive


def _write(judged: Judged, base: int) -> None:
    from tests.arch.test_bits_against_ld import both  # noqa: PLC0415 -- which imports pytest

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _, _, text = both(judged, base, folder)
        rows = [
            [one.number, one.symbol, one.addend, one.before, text[at * STEP : at * STEP + STEP].hex()]
            for at, one in enumerate(cases(judged, base))
        ]
        outside = (
            [] if judged.gp or judged.got is not None or judged.kept or judged.entry else beyond(judged, base)
        )
        out = [
            [one.number, one.symbol, one.addend, one.before, naive.hex()]
            for one, naive in outside
            if _refused(judged, base, one, naive, folder)
        ]
    keep.write(name(judged, base), {"rows": rows, "beyond": out})


def _write_others() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        keep.write(pairs.KEPT, {one.name: one.theirs(folder) for one in pairs.pairs()})
        keep.write(stubs.KEPT, {one.name: one.read(folder) for one in stubs.MACHINES})
        keep.write(types.KEPT, {types.name(arch): types.printed(arch, folder) for arch in types.ARCHS})


if __name__ == "__main__":
    for one in (*JUDGED, *HISTORIC):
        for place in one.bases:
            _write(one, place)
    _write_others()
