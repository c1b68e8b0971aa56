"""kallsyms tables of every release since 6.1, found in an image."""

from __future__ import annotations

from struct import pack

import pytest

from pymodutils.kernelimage import kallsyms, kallsyms_tables
from pymodutils.kernelimage.memory import at_base

BASE = 0xFFFF_FFFF_8100_0000
COUNT = 5000
LONGER = {200: "Tsymb", 201: "ol_49", 202: "Tseve"}  # tokens
TOKENS = [chr(at) if 32 < at < 127 else LONGER.get(at, f"_{at}_") for at in range(256)]
SYMBOLS = [(f"symbol_{at}" if at % 100 else "several", BASE + 16 * at) for at in range(COUNT)]


def aligned(data: bytes, to: int) -> bytes:
    return data + bytes(-len(data) % to)


def table(layout: str, shift: int = 0, bits: int = 64) -> bytes:
    """The memory of a kernel at BASE with a table of ``layout``, the first release that has it.

    All of it is moved by ``shift`` bytes.
    """
    rows, markers, word = b"", [], bits // 8
    for at, (name, _) in enumerate(SYMBOLS):
        if at % 256 == 0:
            markers.append(len(rows))
        row = f"T{name}".encode()
        for number, token in LONGER.items() if at % 200 else ():  # others are of letters only
            row = row.replace(token.encode(), bytes((number,)))
        rows += bytes((len(row),)) + row
    offsets = pack(f"<{COUNT}I", *(value - BASE for _, value in SYMBOLS))
    names = (
        aligned(pack("<I", COUNT), word)
        + aligned(rows, word)
        + aligned(pack(f"<{len(markers)}I", *markers), word)
    )
    seqs = aligned(bytes(b for at in range(COUNT) for b in at.to_bytes(3, "big")), word)
    words = aligned("".join(f"{token}\0" for token in TOKENS).encode(), word)
    places = [0]
    for token in TOKENS[:-1]:
        places.append(places[-1] + len(token) + 1)
    words += pack("<256H", *places)
    mask = (1 << bits) - 1
    head, base = b"a kernel" * 512 + bytes(shift), pack("<Q", BASE & mask)[:word]
    if layout == "6.1":
        return head + aligned(offsets, word) + base + names + words
    if layout == "6.2":
        return head + aligned(offsets, word) + base + names + seqs + words
    if layout == "6.4":
        return head + names + words + aligned(offsets, word) + base + seqs
    place = BASE + len(head + names + words)
    near = pack(f"<{COUNT}i", *(value - place - 4 * at for at, (_, value) in enumerate(SYMBOLS)))
    return head + names + words + aligned(near, word) + seqs


@pytest.mark.parametrize("layout", ["6.1", "6.2", "6.4", "7.0"])
def test_every_symbol_is_found_again(layout: str) -> None:
    packed = kallsyms_tables.find(at_base(table(layout), BASE, 64, "little"))
    assert packed is not None
    assert kallsyms.addresses(packed, [b"symbol_4999", b"several", b"nosuch", b""]) == {
        b"symbol_4999": (BASE + 16 * 4999,),
        b"several": tuple(BASE + 1600 * at for at in range(50)),
    }
    whole = [name.encode() for name, _ in SYMBOLS]
    assert list(kallsyms.starting(packed, b"several", b"symbol_49")) == [
        name for name in whole if name.startswith((b"several", b"symbol_49"))
    ]
    told = kallsyms.KallsymsTable(packed).named({BASE + 16 * 7, BASE + 1600, 0})
    assert list(told) == [(b"symbol_7", BASE + 16 * 7), (b"several", BASE + 1600)]


@pytest.mark.parametrize(("layout", "bits"), [("6.1", 32), ("6.4", 32), ("7.0", 64)])
def test_a_table_is_aligned_no_more_than_its_words(layout: str, bits: int) -> None:
    base = BASE & (1 << bits) - 1
    packed = kallsyms_tables.find(at_base(table(layout, 4, bits), base, bits, "little"))
    assert packed is not None
    assert kallsyms.addresses(packed, [b"symbol_4999"]) == {b"symbol_4999": (base + 16 * 4999,)}


def test_none_is_found_where_there_is_none() -> None:
    assert kallsyms_tables.find(at_base(bytes(1 << 16), BASE, 64, "little")) is None
    damaged = table("6.4").replace(b"0\x001\x002", b"0\x003\x002")
    assert kallsyms_tables.find(at_base(damaged, BASE, 64, "little")) is None
