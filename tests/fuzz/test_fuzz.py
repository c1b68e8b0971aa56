"""Two minutes of fuzzing without a traceback, a hang or leftovers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.__main__ import fuzz
from tests.fuzz.mutate import mutant

MINUTES = 2


def test_a_number_is_a_case() -> None:
    assert mutant(b"seed" * 100, 7) == mutant(b"seed" * 100, 7)
    assert len({mutant(b"seed" * 100, number) for number in range(50)}) > 40


@pytest.mark.slow
def test_two_minutes(tmp_path: Path) -> None:
    counts, failures = fuzz(MINUTES, 0, 1, tmp_path)
    assert min(counts.values()) > 5
    assert not failures
