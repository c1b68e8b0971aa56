"""A module that ends a guest, or silences it, costs one result: those before it are kept, those after it follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.lanes import inits, qemu
from tests.lanes.guest.inits import NO_RETURN
from tests.lanes.outcomes import Outcome
from tests.oracles.kernels import Kernel

NAMES = [f"/{name}.ko" for name in "abcdefg"]
BAD = NAMES[2], NAMES[3], NAMES[6]
KERNEL = Kernel(Path("/vmlinuz"), Path("/"), Path("/"))


def boot(_image: Path, batch: Sequence[list[str]]) -> Iterator[tuple[str, Outcome]]:
    for (name,) in batch:
        if name in BAD:
            raise qemu.Ended(f"loading {name}\nKernel panic")
        yield name, Outcome(name, 0, ())


def test_the_others_have_their_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inits, "BOOTS", {"amd64": boot})
    monkeypatch.setattr(inits, "BATCH", 5)
    found = list(inits.there(KERNEL, [[name] for name in NAMES]))
    assert [name for name, it in found if it.errno == 0] == [name for name in NAMES if name not in BAD]
    assert [name for name, it in found if it.errno == NO_RETURN] == list(BAD)
    assert dict(found)[BAD[0]].log == (f"loading {BAD[0]}", "Kernel panic")


def test_a_module_that_ended_a_guest_has_a_second_try(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def at_random(_image: Path, batch: Sequence[list[str]]) -> Iterator[tuple[str, Outcome]]:
        sizes.append(len(batch))
        for (name,) in batch:
            if name in BAD and len(batch) > 1:
                raise qemu.Ended("Oops")
            yield name, Outcome(name, 0, ())

    monkeypatch.setattr(inits, "BOOTS", {"amd64": at_random})
    monkeypatch.setattr(inits, "BATCH", 5)
    found = dict(inits.there(KERNEL, [[name] for name in NAMES]))
    assert found == {name: Outcome(name, 0, ()) for name in NAMES}
    assert sizes[-len(BAD) :] == [1] * len(BAD)


def test_what_a_guest_said_is_heard_before_its_end_and_silence(tmp_path: Path) -> None:
    said = tmp_path / "said"
    for script in ("exit 1", "sleep 60"):
        words = ["sh", "-c", f"printf 'one\\ntwo\\nthr' > {said}; {script}"]
        with qemu.started(words, tmp_path / "printed") as guest:
            assert list(qemu.said(guest, said, silence=0.5)) == [b"one", b"two"]
        assert guest.poll() is not None
