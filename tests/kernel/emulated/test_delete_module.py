"""Removal by a kernel without CONFIG_MODULE_UNLOAD; kernel/module/main.c."""

from __future__ import annotations

from errno import ENOENT, ENOSYS

import pytest

from pymodutils.errors import Refused
from tests.kernel.emulated.modules import kernel


@pytest.mark.parametrize(("built", "code"), [(True, ENOENT), (False, ENOSYS)])
def test_the_system_call_needs_module_unload(built: bool, code: int) -> None:
    with pytest.raises(Refused) as refused:
        kernel(MODULE_UNLOAD=built).delete("nosuch")
    assert refused.value.errno == code
