"""Hostile images: read or refused in one line, in little time and memory."""

from __future__ import annotations

import random
import time
from functools import cache

import pytest

from pymodutils.errors import BadKernel
from pymodutils.kernelimage import container, kernel
from tests import memory
from tests.kernelimage import build
from tests.kernelimage.test_search import SHAPES, wrapped
from tests.oracles.kernels import kernel as debian


def damaged(data: bytes, chance: random.Random, start: int = 0) -> bytes:
    """``data`` with some bytes, words or ranges changed, or its end cut off."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(start, len(out))
        kind = chance.randrange(3)
        if kind == 0:
            out[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            out[at : at + 8] = chance.choice([b"\xff" * 8, bytes(8), chance.randbytes(8)])
        else:
            source = chance.randrange(len(out))
            out[at : at + 200] = out[source : source + 200]
    return bytes(out[: len(out) if chance.randrange(4) else chance.randrange(start, len(out))])


def refuses_or_reads(data: bytes) -> bool:
    """Whether ``data`` was refused; any error of more than one line fails the test."""
    try:
        kernel.read(data, "k")
    except BadKernel as error:
        assert str(error).startswith("k: ")  # noqa: PT017 -- reading is as good an end
        assert "\n" not in str(error)  # noqa: PT017
        return True
    return False


@pytest.mark.parametrize("shape", SHAPES[:4], ids=str)
def test_mutated_images_without_headers(shape: build.Shape) -> None:
    whole = build.raw(shape, build.rows(60), 0x80100000)
    chance = random.Random(str(shape))  # noqa: S311
    for _ in range(120):
        refuses_or_reads(wrapped(shape, damaged(whole, chance, 0x7000)))


def test_mutated_arm64_images() -> None:
    whole = build.arm64(build.raw(build.Shape(relative=True), build.rows(60), 0))
    chance = random.Random(2)  # noqa: S311
    for _ in range(200):
        refuses_or_reads(damaged(whole, chance))


@cache
def vmlinux() -> bytes:
    """A real vmlinux with irrelevant parts zeroed, so that it compresses well."""
    return container.unwrap(debian("i386").image.read_bytes(), "real").data


@pytest.mark.lane
@pytest.mark.slow
def test_mutated_headers_of_a_real_vmlinux() -> None:
    memory.apart(mutated_headers_of_a_real_vmlinux)


def mutated_headers_of_a_real_vmlinux() -> None:
    whole = vmlinux()
    table = int.from_bytes(whole[0x20:0x24], "little")  # e_shoff
    chance = random.Random(3)  # noqa: S311
    refused = 0
    start = time.process_time()
    for turn in range(150):
        out = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(16, 52) if turn % 3 == 0 else table + chance.randrange(40 * 30)
            out[at : at + 4] = chance.choice([b"\xff" * 4, bytes(4), chance.randbytes(4), b"\1\0\0\0"])
        refused += refuses_or_reads(bytes(out))
    assert refused > 10
    assert time.process_time() - start < 150
    assert memory.peak() < 2 << 10  # MiB


@pytest.mark.lane
@pytest.mark.slow
def test_truncated_real_images() -> None:
    whole = debian("i386").image.read_bytes()
    for size in [0, 1, 0x202, 0x210, 0x250, 0x5000, 0x5094, 0x50A0, len(whole) // 2, len(whole) - 60_000]:
        assert refuses_or_reads(whole[:size])
