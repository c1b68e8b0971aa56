"""Very long names of sections and symbols."""

from __future__ import annotations

from errno import EIO

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel.emulated import vfs
from pymodutils.kernel.emulated.observe import root
from tests.kernel.emulated.modules import kernel, module
from tests.lanes.verdicts.damage import damaged


def test_a_folder_cannot_be_listed_for_a_name_that_no_path_has() -> None:
    booted = kernel()
    booted.init_module(damaged(module(), [f"add({'s' * 5000},1,2)=00"]))
    with pytest.raises(Refused) as refused:
        booted.look(lambda state: vfs.names(root(state), "/sys/module/made/sections"))
    assert refused.value.errno == EIO
    assert booted.read("/sys/module/made/sections/.text").startswith(b"0x")


@pytest.mark.parametrize(("length", "shown"), [(511, 511), (512, 511), (900, 511)])
def test_kallsyms_cuts_names(length: int, shown: int) -> None:
    booted = kernel()
    booted.init_module(module(exports=["e" * length]))
    assert f" {'e' * shown}\t[made]" in booted.read("/proc/kallsyms").decode()
    assert "e" * (shown + 1) not in booted.read("/proc/kallsyms").decode()
