"""kmod 30, kmod 34 and pymodutils on the same kernel: texts, exit statuses, modules, logs.

One boot runs all cases; each is a test of its own.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT
from typing import Any

import pytest

from tests.lanes import qemu, tree, uml
from tests.lanes.guest.cases import CASES, MODPROBE, Case
from tests.lanes.shared import once
from tests.oracles import trees

pytestmark = [pytest.mark.lane, pytest.mark.slow]
LANES = {  # lane -> module tree, and beside which kmods; emulated time is too dear for both
    "uml": ("uml", ("kmod30", "kmod34")),
    "qemu": ("cloud", ("kmod34",)),
}
DEBUG = re.compile(r"\.\./libkmod/\S+ \S+\(\) ")  # Debian's kmod 30 is built with places in its texts
RISK = re.compile(r"rmmod: WARNING: Module .* in use.*; removing it by force: .*\n")

Outcomes = dict[str, dict[str, list[dict[str, Any]]]]


@pytest.fixture(scope="session", params=LANES)
def lane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Outcomes]:
    """The name of a lane and its results; parallel workers share one boot."""
    name: str = request.param
    return name, once(name, tmp_path_factory, lambda _: boot(name))


def boot(name: str) -> dict[str, Any]:
    """The results of the lane; a failed boot is not repeated for each test."""
    source, peers = LANES[name]
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        folder.chmod(0o755)  # users without rights run tools from here
        modules = tree.small(trees.tree(source), folder / "root")
        kmods = {kmod: words for kmod, words in tree.kmods(folder).items() if kmod in peers}
        call = ("tests.lanes.guest.run:main", str(modules), kmods)
        try:
            outcomes: dict[str, Any] = uml.run(*call) if name == "uml" else qemu.run(*call, files=[folder])
        except RuntimeError as error:
            return {"failed": str(error)}
        return outcomes


def seen(outcome: dict[str, Any], case: Case) -> dict[str, Any]:
    """The part of ``outcome`` that must be equal."""
    shown = {key: outcome.get(key) for key in ("step", "out", "err", "status", "modules", "syslog")}
    err = RISK.sub("", DEBUG.sub("", shown["err"] or ""))
    shown["err"] = err.splitlines()[-1:] if case.last else err
    if case.log:
        shown["kernel"] = outcome["kernel"]
    return shown


def compared() -> Iterator[Any]:
    for lane, (_, peers) in LANES.items():
        for case in (*CASES, *MODPROBE):
            for kmod in (kmod for kmod in case.tools if kmod in peers):
                yield pytest.param(lane, case, kmod, id=f"{lane} {kmod}: {case.name}")


@pytest.mark.parametrize(("lane", "case", "kmod"), list(compared()), indirect=["lane"])
def test_ours_as_kmod(lane: tuple[str, Outcomes], case: Case, kmod: str) -> None:
    by_tools = lane[1][case.name]
    assert [seen(o, case) for o in by_tools["ours"]] == [seen(o, case) for o in by_tools[kmod]]


def ours(lane: tuple[str, Outcomes], name: str) -> list[dict[str, Any]]:
    return lane[1][name]["ours"]


def names(outcome: dict[str, Any]) -> list[str]:
    return [module[0] for module in outcome["modules"]]


def test_the_cases_do_something(lane: tuple[str, Outcomes]) -> None:
    """The kernel, not kmod, reports that modules were loaded, marked as forced, and removed."""
    assert [names(o) for o in ours(lane, "load, list, remove")] == [
        *([], ["fat"], ["vfat", "fat"], ["vfat", "fat"]),
        *(["fat"], ["fat"], [], []),
    ]
    assert "F" in ours(lane, "forced load")[0]["modules"][0][3]
    assert ours(lane, "parameter")[1]["out"].split() == ["dummy0", "dummy1", "dummy2", "lo"]
    assert names(ours(lane, "modprobe: with dependencies")[0])[:2] == ["vfat", "fat"]


def test_holders_go_once(lane: tuple[str, Outcomes]) -> None:
    _, removed, _ = ours(lane, "modprobe: holders too")
    assert (removed["status"], removed["err"], names(removed)) == (0, "", [])


def test_wait_removes_as_soon_as_the_holder_lets_go(lane: tuple[str, Outcomes]) -> None:
    loaded, waited, listed = ours(lane, "wait: holder lets go")
    assert (names(loaded), names(waited), names(listed)) == (["overlay"], [], [])
    assert (waited["status"], waited["out"], waited["err"]) == (0, "", "")
    assert waited["seconds"] >= 0.5


def test_wait_does_not_wait_for_nothing(lane: tuple[str, Outcomes]) -> None:
    _, removed, _ = ours(lane, "wait: not needed")
    assert (removed["status"], names(removed), removed["err"]) == (0, [], "")


def test_wait_gives_up_at_its_deadline(lane: tuple[str, Outcomes]) -> None:
    _, gave_up, _ = ours(lane, "wait: too short")
    assert (gave_up["status"], gave_up["err"]) == (1, "rmmod: ERROR: Module overlay is in use\n")
    assert names(gave_up) == ["overlay"]
    assert gave_up["seconds"] >= 0.3


def test_after_the_deadline_the_others_are_tried_once(lane: tuple[str, Outcomes]) -> None:
    *_, removed, _ = ours(lane, "wait: held by a module")
    assert (removed["status"], removed["err"]) == (1, "rmmod: ERROR: Module fat is in use by: vfat\n")
    assert names(removed) == ["fat"]


def test_an_interrupted_wait_leaves_everything_as_it_was(lane: tuple[str, Outcomes]) -> None:
    before, interrupted, _ = ours(lane, "wait: interrupted")
    assert (interrupted["status"], interrupted["out"], interrupted["err"]) == (-SIGINT, "", "")
    assert names(interrupted) == names(before) == ["overlay"]


def test_words_that_wait_does_not_take(lane: tuple[str, Outcomes]) -> None:
    errors = [o["err"] for o in ours(lane, "wait: nonsense")]
    assert errors == [
        "rmmod: ERROR: unexpected wait value 'x'.\n",
        "rmmod: ERROR: unexpected wait value '-1'.\n",
        "rmmod: ERROR: --wait and --force exclude each other.\n",
        "rmmod: ERROR: Module nosuch is not currently loaded\n",
    ]
    assert {o["status"] for o in ours(lane, "wait: nonsense")} == {1}


def test_each_force_flag_by_itself(lane: tuple[str, Outcomes]) -> None:
    by_vermagic, _, by_versions = ours(lane, "own options")
    assert (by_vermagic["status"], names(by_vermagic)) == (0, ["fat"])
    assert "F" in by_vermagic["modules"][0][3]
    assert (by_versions["status"], names(by_versions)) == (1, [])
    assert by_versions["err"].endswith(": Invalid module format\n")


def test_gzip_which_debians_kmod_cannot_read(lane: tuple[str, Outcomes]) -> None:
    plain, _, forced, _ = ours(lane, "gzip")
    assert (plain["status"], names(plain)) == (0, ["fat"])
    if lane[0] == "uml":
        assert (forced["status"], names(forced)) == (0, ["fat"])
        assert "F" in forced["modules"][0][3]
    else:  # this kernel looks at the signature first, which no longer fits; only flags make it look away
        assert (forced["status"], names(forced)) == (1, [])
        assert forced["err"].endswith(": Key was rejected by service\n")


def test_verbose_says_what_to_do(lane: tuple[str, Outcomes]) -> None:
    symbol, load, remove = (o["err"].splitlines()[-1] for o in ours(lane, "advice"))
    assert symbol == "insmod: WARNING: the kernel's log tells why: dmesg"
    assert load == "insmod: WARNING: only root (CAP_SYS_MODULE) may load and remove modules: try sudo"
    assert remove == "rmmod: WARNING: only root (CAP_SYS_MODULE) may load and remove modules: try sudo"


def test_json_is_what_sysfs_says(lane: tuple[str, Outcomes]) -> None:
    listed = ours(lane, "as JSON")[-1]
    modules = json.loads(listed["out"])["modules"]
    found = [
        (m["name"], str(m["users"]), "".join(f"{user}," for user in m["holders"]) or "-") for m in modules
    ]
    assert found == [tuple(line[:3]) for line in listed["modules"]]
    assert {m["state"] for m in modules} == {"live"}


def test_as_processes_of_their_own(lane: tuple[str, Outcomes]) -> None:
    loaded, listed, removed = ours(lane, "a process of its own")
    assert (loaded["status"], names(loaded), loaded["err"]) == (0, ["fat"], "")
    assert listed["out"].splitlines()[1].split()[0] == "fat"
    assert (removed["status"], removed["err"]) == (1, "rmmod: ERROR: Module nosuch is not currently loaded\n")
    assert names(removed) == []
