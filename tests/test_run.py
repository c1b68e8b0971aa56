"""Run the plans of loads on a kernel that records calls."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pymodutils.depends.plan import Builtin, Install, Load, Missing
from pymodutils.run.load import CannotLoad
from tests.recorder import Recorder, insert, load, runner


def inserted(kernel: Recorder) -> list[str]:
    return [Path(call[1]).stem for call in kernel.calls if call[0] == "insert"]


def test_steps_run_in_order_and_what_is_loaded_is_left_out() -> None:
    kernel = Recorder(live={"b": 1})
    runner(kernel).load(load(insert("a"), insert("b"), insert("c", requested=True, options="x=1 ")))
    assert kernel.calls == [("insert", "/m/a.ko", "", "0"), ("insert", "/m/c.ko", "x=1 ", "0")]


def test_flags_reach_the_kernel() -> None:
    kernel = Recorder()
    runner(kernel).load(load(insert("a")._replace(flags=3)))
    assert kernel.calls == [("insert", "/m/a.ko", "", "3")]


def test_a_required_step_that_fails_ends_the_plan() -> None:
    kernel = Recorder(refusals={"a": [errno.EINVAL]})
    with pytest.raises(CannotLoad, match="could not insert 'c': Invalid argument") as caught:
        runner(kernel).load(load(insert("a"), insert("c")))
    assert caught.value.errno == errno.EINVAL
    assert inserted(kernel) == ["a"]


def test_a_soft_dependency_may_fail() -> None:
    kernel = Recorder(refusals={"a": [errno.EINVAL]})
    runner(kernel).load(load(insert("a", required=False), insert("c")))
    assert inserted(kernel) == ["a", "c"]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (errno.ENOENT, "Unknown symbol in module, or unknown parameter (see dmesg)"),
        (errno.ENOEXEC, "Exec format error"),
        (errno.EPERM, "Operation not permitted"),
    ],
)
def test_refusals_in_kmods_words(code: int, text: str) -> None:
    with pytest.raises(CannotLoad) as caught:
        runner(Recorder(refusals={"a": [code]})).load(load(insert("a", requested=True)))
    assert str(caught.value) == f"could not insert 'a': {text}"


def test_loaded_meanwhile_is_no_failure_unless_it_is_to_be_the_first_time() -> None:
    meanwhile = {"a": [errno.EEXIST]}
    runner(Recorder(refusals=dict(meanwhile))).load(load(insert("a", requested=True)))
    with pytest.raises(CannotLoad, match="Module already in kernel"):
        runner(Recorder(refusals={"a": [errno.EEXIST]}), first_time=True).load(
            load(insert("a", requested=True))
        )


@pytest.mark.parametrize("name", ["a", "inside"])
def test_first_time_refuses_what_is_there(name: str) -> None:
    kernel = Recorder(live={"a": 0})
    runner(kernel).load(load(insert(name)))
    with pytest.raises(CannotLoad, match="Module already in kernel"):
        runner(kernel, first_time=True).load(load(insert(name)))
    assert not kernel.calls


def test_a_dry_run_shows_and_touches_nothing() -> None:
    kernel, shown = Recorder(live={"b": 0}), list[str]()
    steps = (insert("a"), insert("b"), Install("c", "echo $CMDLINE_OPTS", "x", True, False, ()), insert("d"))
    runner(kernel, shown, dry=True, show=True).load(load(*steps))
    assert shown == ["insmod /m/a.ko ", "install echo $CMDLINE_OPTS x", "insmod /m/d.ko "]
    assert not kernel.calls


def test_show_depends_ignores_what_is_loaded() -> None:
    shown: list[str] = []
    steps = (insert("a"), Builtin("inside", True, True, ()), Missing("none", True, False, ()))
    runner(Recorder(live={"a": 0}), shown, dry=True, show=True, ignore_loaded=True).load(load(*steps))
    assert shown == ["insmod /m/a.ko ", "builtin inside"]


def test_a_missing_module_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CannotLoad, match="Unknown symbol in module"):
        runner(Recorder()).load(load(Missing("none", True, True, ())))
    assert capsys.readouterr().err == "modprobe: ERROR: could not find module by name='none'\n"


def command(line: str, options: str = "") -> Load:
    return load(Install("m", line, options, True, True, ()))


def test_an_install_command_gets_the_options_and_the_name(tmp_path: Path) -> None:
    said = tmp_path / "said"
    runner(Recorder()).load(command(f'echo "$MODPROBE_MODULE $CMDLINE_OPTS $CMDLINE_OPTS" > {said}', "a=1"))
    assert said.read_text() == "m a=1 a=1\n"
    assert "MODPROBE_MODULE" not in os.environ


def test_a_failed_install_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CannotLoad, match="could not insert 'm': Invalid argument"):
        runner(Recorder()).load(command("exit 3"))
    said = "modprobe: ERROR: Error running install command 'exit 3' for module m: retcode 3\n"
    assert capsys.readouterr().err == said


def test_a_killed_command_has_failed_except_for_kmod(capsys: pytest.CaptureFixture[str]) -> None:
    runner(Recorder(), signals_pass=True).load(command("kill -9 $$"))
    with pytest.raises(CannotLoad):
        runner(Recorder()).load(command("kill -9 $$"))
    assert "killed by signal 9" in capsys.readouterr().err
