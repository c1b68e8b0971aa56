"""Export tables of a module directory agree with the kernel's configuration."""

from __future__ import annotations

import pytest

from pymodutils.kernel.sources import config, source
from pymodutils.kernel.sources.modules import PREL32
from tests.oracles.debian import newest, unpacked


@pytest.mark.lane
@pytest.mark.slow
@pytest.mark.parametrize(
    ("meta", "suite", "arch"),
    [
        ("linux-image-cloud-amd64", "bookworm", "amd64"),
        ("linux-image-cloud-amd64", "trixie", "amd64"),
        ("linux-image-arm64", "bookworm", "arm64"),
        ("linux-image-s390x", "bookworm", "s390x"),
    ],
)
def test_prel32_by_the_relocations_of_modules(meta: str, suite: str, arch: str) -> None:
    package = unpacked(newest(meta, suite, arch), suite, arch)
    modules = next(package.glob("**/lib/modules/*"))
    by_option = config.describe(next((package / "boot").glob("config-*")).read_text(), "config")
    told = source.describe([str(modules / "kernel/net")])
    assert told.switches[PREL32] == by_option.switches[PREL32]
