"""Fixtures of lanes on Debian's newest kernel for clouds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracles import debian


@pytest.fixture(scope="module")
def package() -> Path:
    return debian.unpacked(debian.newest("linux-image-cloud-amd64"))


@pytest.fixture(scope="module")
def image(package: Path) -> Path:
    return next(package.glob("boot/vmlinuz-*"))
