"""Split BTF with every kind of fault, compared with the stored answers of a real kernel."""

from __future__ import annotations

from struct import pack
from typing import Final

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated import btf_golden
from tests.kernel.emulated.modules import MAGIC, description, module
from tests.kernel.emulated.split_btf import Start, blobs
from tests.link.objects import Part

TYPES: Final = pack("<IIII", 1, 1 << 24, 4, 1 << 24 | 32) + pack("<III", 0, 2 << 24, 0) * 5000
STRINGS: Final = b"\0int\0".ljust(100_000, b"\0")
KERNEL: Final = pack("<HBBI4I", 0xEB9F, 1, 0, 24, 0, len(TYPES), len(TYPES), len(STRINGS)) + TYPES + STRINGS
END: Final = Start(5002, len(STRINGS))
RELEASES: Final = {"cloud": "6.1.0-made", "forky": "7.2.0-made"}


def answers(kernel: str) -> dict[str, btf_golden.Answer]:
    """What the emulated kernel says to each case."""
    switches = {"DEBUG_INFO_BTF_MODULES": True, "MODULE_ALLOW_BTF_MISMATCH": kernel == "cloud"}
    made = description(**switches)._replace(btf=KERNEL, release=RELEASES[kernel], vermagic=MAGIC)
    booted, found = EmulatedKernel.boot(made), dict[str, btf_golden.Answer]()
    for case, data in blobs(END).items():
        with booted.trial():
            before, errno = len(booted.log()), 0
            try:
                booted.init_module(module("every", parts=[Part(".BTF", data, 0)]))
            except Refused as refused:
                errno = refused.errno
            text = "\n".join(line.text for line in booted.log(before)).encode("utf-8", "surrogateescape")
        lines = text.decode("latin-1").split("\n") if text else []
        found[case] = errno, btf_golden.relative(lines, END)
    return found


@pytest.mark.parametrize("kernel", btf_golden.KERNELS)
def test_the_same_as_a_real_kernel(kernel: str) -> None:
    ours, theirs = answers(kernel), btf_golden.kept()[kernel]
    assert [(case, ours[case], theirs[case]) for case in theirs if ours[case] != theirs[case]] == []
    assert ours.keys() == theirs.keys()


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize("kernel", btf_golden.KERNELS)
def test_the_kernel_still_says_so(kernel: str) -> None:
    assert btf_golden.asked(kernel) == btf_golden.kept()[kernel]
