"""kmod's own test suite with our tools, except for cases that fake the kernel's answers."""

from __future__ import annotations

import pytest

from tests.oracles import kmod_suite

pytestmark = [pytest.mark.lane, pytest.mark.slow]
AT_LEAST = {"depmod": 11, "modinfo": 11, "modprobe": 16}  # that are run, of kmod 34


@pytest.mark.parametrize("suite", kmod_suite.SUITES)
def test_every_case_passes(suite: str) -> None:
    folder = kmod_suite.built()
    ended = {case: kmod_suite.outcome(folder, suite, case) for case in kmod_suite.cases(folder, suite)}
    run = {case: how for case, how in ended.items() if how != kmod_suite.LEFT_OUT}
    assert {case: how for case, how in run.items() if how != kmod_suite.PASSED} == {}
    assert len(run) >= AT_LEAST[suite]
