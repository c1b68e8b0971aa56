"""Certificate lists in made images; real kernels are in tests/kernel/sources."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymodutils.kernelimage import keys
from tests.elf.made import sequence

ONE, TWO = (sequence(sequence(bytes(size))) for size in (700, 300))


def image(
    *parts: bytes, word: int = 8, order: str = "little", size: int | None = None, align: int = 8
) -> bytes:
    """A kernel with the list of ``parts`` and its sizes, as the assembler lays them out."""
    whole = b"".join(parts)
    padded = whole + bytes(-len(whole) % align)
    count = len(whole) if size is None else size
    sizes = (n.to_bytes(word, "big" if order == "big" else "little") for n in (count, len(parts[0])))
    return b"\x30\x82 noise" * 9 + padded + b"".join(n.ljust(align, b"\0") for n in sizes) + b"more"


@pytest.mark.parametrize("align", keys.ALIGNMENTS)
@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("bits", [32, 64])
def test_as_many_as_the_size_says(bits: int, order: str, align: int) -> None:
    data = image(ONE, TWO, word=bits // 8, order=order, align=align)
    assert keys.find(data, bits, order) == (ONE, TWO)


def test_the_padding_may_be_counted() -> None:
    size = len(ONE) + -len(ONE) % 256
    assert keys.find(image(ONE, align=256, size=size), 64, "little") == (ONE,)


def test_certificates_behind_the_list_are_not_of_it() -> None:
    assert keys.find(image(ONE) + TWO + ONE, 64, "little") == (ONE,)


@pytest.mark.parametrize("size", [0, 1, 5000])
def test_other_sizes_prove_nothing(size: int) -> None:
    assert keys.find(image(ONE, size=size), 64, "little") == ()


@given(st.integers(0, 2000), st.binary(max_size=20))
def test_damage_is_no_failure(at: int, noise: bytes) -> None:
    data = image(ONE, TWO)
    found = keys.find(data[:at] + noise + data[at + len(noise) :], 64, "little")
    assert found in {(), (ONE, TWO), (ONE,)} or len(found) <= 2
