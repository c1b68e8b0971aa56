"""Namespaces that name modules, as Debian's autofs4 and btrfs of 7.2 need them."""

from __future__ import annotations

import pytest

from pymodutils.elf.kernelimage.exports import Export
from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.modules import EXPORTS, KERNEL_TEXT, description, module


def kernel(space: str, release: str) -> EmulatedKernel:
    """A kernel that exports ``gpl_only`` into the namespace ``space``."""
    exports = {**EXPORTS, "gpl_only": Export(KERNEL_TEXT + 0x2000, 0x11, gpl=True, namespace=space)}
    return EmulatedKernel.boot(description()._replace(release=release, exports=exports))


@pytest.mark.parametrize("space", ["module:made", "module:other,made", "module:ma*", "module:x*,m*"])
def test_a_module_that_is_named_need_not_import(space: str) -> None:
    kernel(space, "6.16.0-made").init_module(module(imports=("gpl_only",)))


@pytest.mark.parametrize(
    ("space", "release"),
    [
        ("module:made", "6.15.0-made"),
        ("module:mad", "6.16.0-made"),
        ("module:made2", "6.16.0-made"),
        ("module:mo*", "6.16.0-made"),
        ("made", "6.16.0-made"),
    ],
)
def test_others_must(space: str, release: str) -> None:
    with pytest.raises(Refused) as refused:
        kernel(space, release).init_module(module(imports=("gpl_only",)))
    assert refused.value.errno == 22
