"""Patched modules in real kernels: our patches give the same bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from tests.lanes import qemu
from tests.link.modules import in_order
from tests.link.test_against_kernels import CLOUD, CLOUD_CONFIG, compared_in_trixie, judge

CODE = ("__mcount_loc", ".return_sites", ".smp_locks")  # the sections that name the places
SORTED = (
    "__mcount_loc: ",
    ".orc_unwind: ",
    ".orc_unwind_ip: ",
    "__jump_table: sorted",
    ".static_call_sites: sorted",
)
LATER = ".ibt_endbr_seal"
MODULES = 20


def reasons(found: Iterable[dict[str, Any]], which: str) -> Counter[str]:
    """The number of modules with differing bytes, by reason."""
    return Counter(reason for one in found for reason in one[which])


def gone(found: list[dict[str, Any]], *more: str) -> Counter[str]:
    """Assert that no difference is left for the reasons that we patch; the number of modules for each."""
    judge(found)
    before, after = reasons(found, "unpatched"), reasons(found, "changed")
    ours = {reason for reason in before if reason in (*CODE, *more) or reason.startswith(SORTED)}
    assert ours.isdisjoint(after), after
    return Counter({reason: before[reason] for reason in ours})


@pytest.mark.slow
@pytest.mark.lane
def test_cloud_kernel() -> None:
    files = in_order("cloud", CLOUD.split())
    words = [str(file) for file in files]
    found = qemu.run("tests.lanes.guest.linking:compare_patched", words, CLOUD_CONFIG, files=files)
    explained = gone(found)
    assert len(explained) == len(CODE) + len(SORTED)
    assert min(explained.values()) >= MODULES
    assert all(sum(one["changed"].values()) < sum(one["unpatched"].values()) for one in found)


@pytest.mark.slow
@pytest.mark.lane
def test_later_kernel_with_areas_by_type() -> None:
    found = compared_in_trixie("tests.lanes.guest.linking:compare_seven_patched")
    explained = gone(found, LATER)
    assert len(explained) == len(CODE) + len(SORTED) + 1
    assert len(found) >= MODULES
