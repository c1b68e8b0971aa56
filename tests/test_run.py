"""Plans carried out on a kernel that remembers what it was asked."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pymodutils.depends.plan import Builtin, Insert, Install, Load, Missing, Remove, Step
from pymodutils.depends.resolve import Module
from pymodutils.errors import Exit, ModutilsError, Refused
from pymodutils.kernel.base import Init, Kernel, Loaded, State
from pymodutils.log import Log
from pymodutils.run import CannotLoad, Mode, NotRemoved, Runner


class Recorder(Kernel):
    """Stands for a kernel: ``refusals`` has errnos by name, one for each call in turn."""

    def __init__(
        self, live: dict[str, int] | None = None, refusals: dict[str, list[int]] | None = None
    ) -> None:
        self.live = dict(live or {})  # name -> use count
        self.refusals = refusals or {}
        self.held: dict[str, tuple[str, ...]] = {}
        self.calls: list[tuple[str, ...]] = []

    def insert(self, path: str, params: str, flags: Init = Init.NONE) -> str:
        self._called("insert", path, params, str(int(flags)))
        self.live[Path(path).stem] = 0
        return ""

    def delete(self, name: str, *, force: bool = False) -> None:
        self._called("delete", name, *(["force"] if force else []))
        self.live.pop(name, None)

    def _called(self, *call: str) -> None:
        self.calls.append(call)
        name = Path(call[1]).stem
        if self.refusals.get(name):
            code = self.refusals[name].pop(0)
            if code:
                raise Refused(name, os.strerror(code), code)

    def loaded(self) -> list[Loaded]:
        return [Loaded(name, 0, users, (), State.LIVE) for name, users in self.live.items()]

    def state(self, name: str) -> State | None:
        return State.LIVE if name in self.live else None

    def users(self, name: str) -> int | None:
        return self.live.get(name)

    def holders(self, name: str) -> tuple[str, ...]:
        return self.held.get(name, ())


def runner(
    kernel: Kernel,
    shown: list[str] | None = None,
    plans: Callable[[Module], Remove] | None = None,
    /,
    **mode: int,
) -> Runner:
    builtin = {"inside"}.__contains__
    chosen = Mode(**mode)  # type: ignore[arg-type]
    said: list[str] = [] if shown is None else shown
    plan = plans or (lambda module: gone(module.name))
    return Runner(kernel, builtin, plan, chosen, log=Log("modprobe"), show=said.append)


def insert(name: str, *, required: bool = True, requested: bool = False, options: str = "") -> Insert:
    return Insert(name, f"/m/{name}.ko", options, 0, required, requested, ())


def gone(
    name: str,
    *,
    command: str | None = None,
    after: tuple[str, ...] = (),
    unused: tuple[str, ...] = (),
    before: tuple[str, ...] = (),
) -> Remove:
    return Remove(name, command, tuple(map(Module, after)), unused, tuple(map(Module, before)), ())


def load(*steps: Step) -> Load:
    return Load(steps[-1].module, steps)


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
