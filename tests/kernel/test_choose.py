"""Backends that a command cannot use."""

from __future__ import annotations

import pytest

from pymodutils.errors import ModutilsError
from pymodutils.kernel.choose import opened


@pytest.mark.parametrize(
    ("backend", "text"),
    [
        ("machine:k.state", r"this needs an emulated kernel: give --backend emulated\[:FILE\]"),
        ("qemu", r"unknown backend 'qemu': real, emulated\[:FILE\] or machine\[:FILE\]"),
    ],
)
def test_no_emulated_kernel(backend: str, text: str) -> None:
    with pytest.raises(ModutilsError, match=f"^{text}$"):
        opened(backend, "insmod")
