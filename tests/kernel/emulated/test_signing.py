"""An emulated kernel made from an image verifies signatures with the image's keys."""

from __future__ import annotations

from errno import EKEYREJECTED
from functools import cache

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel.description import Description
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.sources import source
from tests.oracles import kernels

NOT_VERIFIED = "fat: module verification failed: signature and/or required key missing - tainting kernel"
MARKER = len(b"~Module signature appended~\n")
UNSIGNED = 8192  # the kernel's taint flag E

pytestmark = [pytest.mark.lane, pytest.mark.slow]


@cache
def described() -> Description:
    return source.describe([str(kernels.kernel("cloud-amd64").image)])


@pytest.fixture
def kernel() -> EmulatedKernel:
    return EmulatedKernel.boot(described(), path=":memory:", cmdline="")


@pytest.fixture
def module() -> bytes:
    return next(kernels.kernel("cloud-amd64").modules.rglob("fat.ko")).read_bytes()


def said(kernel: EmulatedKernel) -> list[str]:
    return [line.text for line in kernel.log()[2:]]


def tainted(kernel: EmulatedKernel) -> int:
    return int(kernel.read("/proc/sys/kernel/tainted"))


def test_its_own_module_is_accepted_in_silence(kernel: EmulatedKernel, module: bytes) -> None:
    kernel.init_module(module)
    assert (said(kernel), tainted(kernel)) == ([], 0)


def test_a_changed_module_is_rejected_without_a_word(kernel: EmulatedKernel, module: bytes) -> None:
    with pytest.raises(Refused) as caught:
        kernel.init_module(module[:200] + b"x" + module[201:])
    assert (caught.value.errno, said(kernel)) == (EKEYREJECTED, [])


def test_an_unsigned_module_taints(kernel: EmulatedKernel, module: bytes) -> None:
    kernel.init_module(module[:-MARKER])
    assert (said(kernel), tainted(kernel)) == ([NOT_VERIFIED], UNSIGNED)


def test_where_signatures_are_enforced_it_is_refused(module: bytes) -> None:
    kernel = EmulatedKernel.boot(described(), path=":memory:", cmdline="module.sig_enforce=1")
    kernel.init_module(module)
    kernel.delete_module(b"fat")
    with pytest.raises(Refused) as caught:
        kernel.init_module(module[:-MARKER])
    assert (caught.value.errno, said(kernel)) == (EKEYREJECTED, ["Loading of unsigned module is rejected"])
