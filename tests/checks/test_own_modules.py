"""A sample of the modules of Debian's kernels loads into their own kernel."""

from __future__ import annotations

import pytest

from tests.checks import own_modules
from tests.oracles import kernels


@pytest.mark.lane
@pytest.mark.slow
@pytest.mark.parametrize("name", kernels.SAMPLED)
def test_fifty_modules_of_a_kernel_load_into_it(name: str) -> None:
    report = own_modules.checked(name)
    assert len(report.verdicts) == own_modules.SAMPLE
    assert own_modules.refused(report) == {}
