"""Recordings of real machines: no false alarms; a guest's three boots are the truth.

They are not part of the project: $PYMODUTILS_PROFILES names their folder, by default next to the checkout.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pymodutils import Root
from pymodutils.preflight.boot import Booted
from pymodutils.preflight.preflight import PreflightRequest, preflight
from pymodutils.profile import recording
from pymodutils.profile.profile import merge
from tests.oracles import upgrade
from tests.oracles.debian import Unavailable
from tests.preflight.debian import Told, run, told

pytestmark = [pytest.mark.lane, pytest.mark.slow]
BESIDE = Path(__file__).parents[2].parent / "shared/profiles"
FOLDER = Path(os.environ.get("PYMODUTILS_PROFILES", BESIDE))
FOREIGN = ("power", "mainframe")  # architectures whose kernels are not compared
ARM = ("arm", "server-arm64")
RICH = "guest-qemu-q35-rich-on-"
FRAMEBUFFER = {"vga16fb", "vgastate"}  # for a platform device that 6.1 does not make
HOPS = (("6.1", "6.12"), ("6.12", "7.2"))
LOST = {("6.1", "intel-laptop-latitude-5501"): {"rtsx_pci_ms": {("error", "gone")}}}
TAKEN = {  # the kernel's hv_fcopy went for a program in user space
    ("6.1", "guest-hyperv-azure"): {"hv_utils": {("warning", "replaced")}},
}


def machines(*, arm: bool = False) -> list[Path]:
    found = sorted(FOLDER.glob("*.txt"))
    if not found:
        raise Unavailable("no recordings of machines (PYMODUTILS_PROFILES)")
    known = [path for path in found if not path.name.startswith((*FOREIGN, RICH))]
    return [path for path in known if path.name.startswith(ARM) == arm]


def alarms(found: Told) -> Told:
    """Without notes."""
    loud = {title: {it for it in rows if it[0] != "note"} for title, rows in found.items()}
    return {title: rows for title, rows in loud.items() if rows}


@pytest.mark.parametrize(("old", "new"), HOPS)
def test_alarms_on_machines_are_true(old: str, new: str) -> None:
    for path in machines():
        found = told(run(old, new, recording.read(str(path))))
        expected = {**LOST, **TAKEN}.get((old, path.stem), {})
        assert alarms(found) == expected, path.stem


def test_alarms_on_arm_machines_are_true() -> None:
    """Two boards, three Raspberry Pis by their device trees, and a server by ACPI."""
    root, releases = upgrade.installed(("6.1-arm64", "6.12-arm64"))
    old, new = releases.values()
    for path in machines(arm=True):
        request = PreflightRequest(recording.read(str(path)), path.stem, [new], old, boots=False)
        assert alarms(told(preflight(request, Root(root)))) == {}, path.stem


def test_a_guest_keeps_all_its_drivers() -> None:
    """Recorded under each kernel: 59 devices are bound, and only that of cirrus changes."""
    machines()
    profile = merge([recording.read(str(FOLDER / f"{RICH}6.1{end}")) for end in (".txt", ".modules")])
    assert sum(bool(device.driver) for device in profile.devices) == 59
    assert told(run("6.1", "6.12", profile)) == {}
    assert told(run("6.1", "7.2", profile)) == {"cirrus": {("note", "renamed")}}


def test_the_boots_are_those_of_the_guest() -> None:
    """Every module of the real boot, with size and users, except those loaded for CPU features."""
    machines()
    profile = recording.read(str(FOLDER / f"{RICH}6.1.txt"))
    found = run("6.12", "7.2", profile, boots=True)
    assert found.before is not None
    _, releases = upgrade.installed()
    assert not found.before.refused + found.outlook(releases["7.2"]).booted.refused
    same_as_recorded(found.before, "6.12")
    same_as_recorded(found.outlook(releases["7.2"]).booted, "7.2")


def same_as_recorded(booted: Booted, kernel: str) -> None:
    real = {it.name: it for it in recording.read(str(FOLDER / f"{RICH}{kernel}.modules")).modules}
    ours = {row.name: row for row in booted.rows}
    assert real.keys() - ours.keys() == FRAMEBUFFER
    for name in real.keys() - FRAMEBUFFER:
        row = real[name]
        assert ours[name].size == row.size, name
        assert {*row.holders} <= {*ours[name].holders}, name
