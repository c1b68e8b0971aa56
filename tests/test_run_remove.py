"""Run the plans of removals on a kernel that records calls."""

from __future__ import annotations

import errno
import time
from pathlib import Path

import pytest

from pymodutils.depends.plan import Remove
from pymodutils.depends.resolve import Module
from pymodutils.errors import Exit, ModutilsError
from pymodutils.run.remove import NotRemoved
from tests.recorder import Recorder, gone, runner


def test_removal_in_order_and_only_what_nobody_uses() -> None:
    kernel = Recorder(live={"post": 0, "m": 0, "free": 0, "held": 1, "pre": 0})
    plan = gone("m", after=("post",), unused=("free", "held", "absent"), before=("pre",))
    runner(kernel).remove(plan)
    assert kernel.calls == [("delete", name) for name in ("post", "m", "free", "pre")]


def test_failures_of_what_belongs_to_it_do_not_hinder() -> None:
    kernel = Recorder(
        live={"post": 0, "m": 0, "free": 0}, refusals={"post": [errno.EBUSY], "free": [errno.EAGAIN]}
    )
    runner(kernel, go_on=True).remove(gone("m", after=("post",), unused=("free",)))
    assert kernel.calls == [("delete", "post"), ("delete", "m"), ("delete", "free")]


@pytest.mark.parametrize(
    ("name", "mode", "text"),
    [
        ("inside", {}, "Module inside is builtin."),
        ("busy", {}, "Module busy is in use."),
        ("absent", {"first_time": 1}, "Module absent is not in kernel."),
    ],
)
def test_what_cannot_go(
    name: str, mode: dict[str, int], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = Recorder(live={"busy": 2})
    with pytest.raises(Exit):
        runner(kernel, **mode).remove(gone(name))
    assert capsys.readouterr().err == f"modprobe: FATAL: {text}\n"
    with pytest.raises(NotRemoved):
        runner(kernel, go_on=True, **mode).remove(gone(name))
    assert capsys.readouterr().err == f"modprobe: WARNING: {text}\n"
    assert not kernel.calls


def test_nothing_to_remove_is_no_failure() -> None:
    kernel = Recorder()
    runner(kernel).remove(gone("absent", before=("x",)))
    assert not kernel.calls


def test_holders_go_first_and_stop_it_when_they_cannot() -> None:
    kernel = Recorder(live={"m": 0, "a": 0, "b": 0})
    kernel.held = {"m": ("a", "b")}
    runner(kernel, holders=True).remove(gone("m"))
    assert kernel.calls == [("delete", "b"), ("delete", "a"), ("delete", "m")]
    kernel = Recorder(live={"m": 1, "a": 1})
    kernel.held = {"m": ("a",)}
    with pytest.raises(NotRemoved):
        runner(kernel, holders=True, go_on=True).remove(gone("m"))
    assert not kernel.calls


def web(module: Module) -> Remove:
    """The plan for one of 40 modules, each of which has the next three as soft dependencies."""
    at = int(module.name)
    return gone(module.name, before=tuple(str(below) for below in range(at + 1, min(at + 4, 40))))


def test_a_web_of_soft_dependencies_takes_each_module_once() -> None:
    kernel = Recorder(live={str(at): 0 for at in range(40)})
    runner(kernel, None, web).remove(web(Module("0")))
    assert len(kernel.calls) == 40


def test_all_ways_through_a_web_are_too_many_to_show() -> None:
    kernel = Recorder(live={str(at): 0 for at in range(40)})
    with pytest.raises(ModutilsError, match="soft dependencies"):
        runner(kernel, None, web, dry=1).remove(web(Module("0")))


def test_a_chain_may_be_long_and_may_end_in_itself() -> None:
    kernel = Recorder(live={str(at): 0 for at in range(3000)})

    def chain(module: Module) -> Remove:
        return gone(module.name, after=(str((int(module.name) + 1) % 3000),))

    runner(kernel, None, chain).remove(chain(Module("0")))
    assert [int(name) for _, name in kernel.calls] == [*reversed(range(3000))]


def test_what_went_with_its_last_holder_is_not_removed_again() -> None:
    kernel = Recorder(live={"m": 0, "a": 0, "soft": 0})
    kernel.held = {"m": ("a",)}
    plans = {"a": gone("a", unused=("m",)), "soft": gone("soft")}
    removal = runner(kernel, None, lambda module: plans[module.name], holders=True)
    removal.remove(gone("m", before=("soft",)))
    assert kernel.calls == [("delete", "a"), ("delete", "m"), ("delete", "soft")]


def test_waiting_asks_again_with_longer_and_longer_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    kernel = Recorder(live={"m": 1}, refusals={"m": [errno.EAGAIN] * 3})
    runner(kernel, wait=1000).remove(gone("m"))
    assert kernel.calls == [("delete", "m")] * 4
    assert slept == [pytest.approx(slept[0] * 2**at) for at in range(3)]


def test_waiting_ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    kernel = Recorder(live={"m": 1}, refusals={"m": [errno.EAGAIN] * 99})
    passed = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: sum(passed))
    monkeypatch.setattr(time, "sleep", passed.append)
    with pytest.raises(NotRemoved):
        runner(kernel, wait=30).remove(gone("m"))
    assert (
        capsys.readouterr().err == "modprobe: ERROR: could not remove 'm': Resource temporarily unavailable\n"
    )
    assert passed == pytest.approx([0, 0.004, 0.008, 0.016, 0.002])
    assert len(kernel.calls) == len(passed)


def test_force_reaches_the_kernel_for_a_module_in_use() -> None:
    kernel = Recorder(live={"m": 0})
    runner(kernel, force=True).remove(gone("m"))
    assert kernel.calls == [("delete", "m", "force")]


def test_a_remove_command_takes_the_place_of_all_checks(tmp_path: Path) -> None:
    said = tmp_path / "said"
    kernel, shown = Recorder(), list[str]()
    line = f"echo $MODPROBE_MODULE [$CMDLINE_OPTS] > {said}"
    runner(kernel, shown, show=True).remove(gone("inside", command=line))
    assert said.read_text() == "inside []\n"
    assert shown == [f"remove echo $MODPROBE_MODULE [] > {said}"]


def test_a_failed_remove_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit):
        runner(Recorder()).remove(gone("m", command="exit 4"))
    assert capsys.readouterr().err == "modprobe: FATAL: Error running remove command for m\n"
