"""A load creates no reference cycles, since commands run without garbage collection."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.modules import kernel, module


def refused(booted: EmulatedKernel, image: bytes, params: bytes = b"") -> None:
    """Load ``image``, which fails."""
    try:
        booted.init_module(image, params)
    except Refused:
        return
    raise AssertionError


CASES = {
    "load": lambda booted: booted.init_module(module()),
    "parameter": lambda booted: booted.init_module(module(), b"nosuch=1"),
    "file": lambda booted: booted.load_file(module(exports=["call"])),
    "version": lambda booted: refused(booted, module(versions={"_printk": 1})),
    "unknown": lambda booted: refused(booted, module(imports=["nosuch"])),
    "no ELF": lambda booted: refused(booted, bytes(100)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_nothing_is_left(case: Callable[[EmulatedKernel], None]) -> None:
    booted = kernel()
    case(kernel())  # what is made once, by the first call
    gc.collect()
    gc.disable()
    try:
        case(booted)
        assert gc.collect() == 0
    finally:
        gc.enable()
