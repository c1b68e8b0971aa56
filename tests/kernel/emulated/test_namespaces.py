"""Symbol namespaces that name modules, as in Debian's 7.2."""

from __future__ import annotations

import pytest

from pymodutils.elf.ksymtab import Export
from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.modules import EXPORTS, KERNEL_TEXT, description, module


def kernel(space: str, release: str) -> EmulatedKernel:
    """A kernel that exports ``gpl_only`` into the namespace ``space``."""
    exports = {**EXPORTS, "gpl_only": Export(KERNEL_TEXT + 0x2000, 0x11, gpl=True, namespace=space)}
    return EmulatedKernel.boot(description()._replace(release=release, exports=exports))


@pytest.mark.parametrize(
    "space", ["module:made", "module:other,made", "module:ma*", "module:x*,m*", "module:*"]
)
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


@pytest.mark.parametrize(
    ("space", "name"),
    [
        ("module:kvm,kvm-amd,kvm-intel", "kvm_amd"),
        ("module:kvm_amd", "kvm-amd"),
        ("module:snd-*", "snd_pcm"),
    ],
)
def test_hyphen_and_underscore_are_one(space: str, name: str) -> None:
    kernel(space, "6.16.0-made").init_module(module(name, imports=("gpl_only",)))


def test_a_namespace_of_named_modules_cannot_be_imported() -> None:
    made = kernel("module:made", "6.16.0-made")
    with pytest.raises(Refused) as refused:
        made.init_module(module(imports=("gpl_only",), info=("import_ns=OTHER", "import_ns=module:made")))
    assert refused.value.errno == 1
    assert made.log()[-1].text == "made: module tries to import module namespace: module:made"


def test_before_6_16_it_was_a_name_like_others() -> None:
    made = kernel("module:x", "6.15.0-made")
    made.init_module(module(imports=("gpl_only",), info=("import_ns=module:x",)))
