"""The BTF of Debian's kernels, read here, and in a file for other readers."""

from __future__ import annotations

from pathlib import Path

from pymodutils.checks.kabi_btf import BtfTypes
from pymodutils.kernel.sources import source
from tests.oracles import kernels

NAMES = ("amd64", "trixie", "forky")  # 6.1, 6.12 and 7.2


def types(name: str, path: Path) -> BtfTypes:
    """The types of the kernel ``name``, whose BTF is written to ``path``."""
    kernel = source.describe([str(kernels.kernel(name).image)])
    assert kernel.btf is not None
    path.write_bytes(kernel.btf)
    return BtfTypes(kernel.btf, kernel.order or "", name)
