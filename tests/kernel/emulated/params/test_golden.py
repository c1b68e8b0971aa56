"""Parameters of every type, compared with the stored answers of a real kernel."""

from __future__ import annotations

from functools import cache

import pytest

from tests.kernel.emulated.params import golden
from tests.kernel.emulated.params.player import Alone

kept = cache(golden.kept)


def test_the_same_as_a_real_kernel() -> None:
    answers, alone = kept(), Alone(kept().module, "every")
    loads = [line for line, theirs in answers.loads if alone.load(line.encode("latin-1")) != theirs]
    alone.load(b"")
    stores = [
        (file, text)
        for (file, text), theirs in answers.stores
        if alone.write(file, text.encode("latin-1")) != theirs
    ]
    assert (loads, stores) == ([], [])


@pytest.mark.slow
@pytest.mark.lane
def test_the_kernel_still_does_so() -> None:
    now, stored = golden.asked(), kept()
    assert now._replace(module=b"") == stored._replace(module=b"")
