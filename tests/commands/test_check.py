"""``pymodutils check``: words, texts and exit statuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import ASSUMED
from tests.checks.made import Desk
from tests.commands.check import run
from tests.kernel.emulated.modules import EXPORTS

HEIR = {"from_closed": 0x100}  # the CRC of the first export of a made module


def test_what_loads_and_what_does_not(desk: Desk) -> None:
    good, bad = desk.module("good"), desk.module("bad", imports=["lost"], versions={"lost": 1})
    done = run("-k", desk.kernel(), good)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"MODULE  6.1.0-made\ngood    loads\n\n{ASSUMED}\n\n1 of 1 load (1 module on 1 kernel), 0 warnings\n"
    )
    done = run("-k", desk.kernel(), good, bad)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "MODULE  6.1.0-made",
        "good    loads",
        "bad     ENOENT: unknown",
        "",
        "6.1.0-made",
        "  unknown  bad",
        "    it imports 1 symbol that neither 6.1.0-made nor any given module exports: lost",
        "    to do: give the exporting module: --with DIR",
        "",
        ASSUMED,
        "",
        "1 of 2 load (2 modules on 1 kernel), 0 warnings",
    ]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ([], 1),
        (["--fail-on", "never"], 0),
        (["--fail-on", "warning"], 1),
        (["--format", "json"], 1),
    ],
)
def test_the_exit_status_of_a_failure(desk: Desk, words: list[str], status: int) -> None:
    path = desk.module(imports=["lost"], versions={"lost": 1})
    assert run("-k", desk.kernel(), path, *words).returncode == status


def test_warnings_count_when_they_are_to(desk: Desk) -> None:
    words = ["-k", desk.kernel(), desk.module(licence="Proprietary")]
    assert [run(*words, "--fail-on", what).returncode for what in ("error", "warning", "never")] == [0, 1, 0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give the modules to check"),
        (["--nosuch"], "unrecognized option"),
        (["--fromat=json", "x"], "unrecognized option '--fromat=json', did you mean '--format'?"),
        (["--params", "x", "x.ko"], "--params x: not NAME=TEXT"),
        (["/nonexistent.ko"], "could not open /nonexistent.ko: No such file or directory: give a .ko"),
        (["--between", "a"], "--between takes two kernels"),
        (["--symbols-of", "x", "y"], "--symbols-of requires --between"),
        (
            ["-k", "/nonexistent", "@"],
            "could not open /nonexistent: No such file or directory: give a kernel image",
        ),
        (["--expect", "/nonexistent", "-k", "@k", "@"], "--write-expect creates it"),
        (["-o", "/nonexistent/x", "-k", "@k", "@", "--format", "html"], "could not write /nonexistent/x"),
        (["-o", "/nonexistent/x", "-k", "@k", "@"], "/nonexistent/x: No such file"),
    ],
)
def test_what_cannot_be_done_is_said_with_status_2(desk: Desk, words: list[str], said: str) -> None:
    places = {"@": desk.module(), "@k": desk.kernel()}
    done = run(*(places.get(word, word) for word in words))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_expectations(desk: Desk) -> None:
    known = str(desk.folder / "known")
    words = ["-k", desk.kernel(), desk.module("bad", imports=["lost"], versions={"lost": 1})]
    assert run(*words, "--write-expect", known).returncode == 0
    done = run(*words, "--expect", known)
    assert (done.returncode, done.stderr) == (0, "")
    done = run(*words, desk.module("worse", imports=["lost"], versions={"lost": 1}), "--expect", known)
    assert (done.returncode, done.stderr) == (
        1,
        "check: worse on 6.1.0-made does not load (ENOENT: unknown)\n",
    )
    done = run("-k", desk.kernel(), desk.module("bad"), "--expect", known)
    assert (done.returncode, done.stderr) == (
        1,
        "check: bad on 6.1.0-made was expected not to load, but does\n",
    )
    done = run("-k", desk.kernel(), desk.module("good"), "--expect", known)
    assert (done.returncode, done.stderr) == (
        1,
        "check: bad on 6.1.0-made was expected not to load, but was not checked\n",
    )


def test_modules_of_one_name_are_told_apart_by_their_files(desk: Desk) -> None:
    """A module built for several kernels: each build has its own row and expectation."""
    first = desk.file(
        "a/made.ko", Path(desk.module("made", imports=["lost"], versions={"lost": 1})).read_bytes()
    )
    second = desk.file("b/made.ko", Path(desk.module("made", imports=["in_space"])).read_bytes())
    words = ["-k", desk.kernel(), first, second]
    lines = [line.split() for line in run(*words).stdout.splitlines()]
    assert [first, "ENOENT:", "unknown"] in lines
    assert ["namespace", second] in lines
    known = desk.folder / "known"
    run(*words, "--write-expect", str(known))
    assert [line.split("\t")[0] for line in known.read_text().splitlines()[2:]] == [first, second]
    assert run(*words, "--expect", str(known)).returncode == 0
    junit = ET.fromstring(run(*words, "--format", "junit").stdout)  # noqa: S314
    assert [case.attrib["name"] for case in junit.iter("testcase")] == [first, second]
    assert f"| {first.replace('_', chr(92) + '_')} |" in run(*words, "--format", "markdown").stdout


def test_expectations_that_cannot_be_read_are_told_before_the_work(desk: Desk) -> None:
    done = run("-k", desk.kernel(), desk.module(), "--expect", "/nonexistent")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_kernel_of_which_the_machine_has_no_files(desk: Desk) -> None:
    desk.file("system/proc/version", b"Linux version 6.1.0-made (x@y) #1 SMP\n")
    done = run("--sysroot", str(desk.folder / "system"), desk.module())
    assert done.returncode == 2
    assert done.stderr.startswith(
        "check: ERROR: the installation of the running kernel, 6.1.0-made, does not give "
    )
    assert done.stderr.endswith("install its image and headers, or give a kernel: --kernel SOURCE\n")


def test_what_breaks_between_two_kernels_and_what_to_do(desk: Desk) -> None:
    lacking = {name: export for name, export in EXPORTS.items() if name != "_printk"}
    new = desk.kernel("new", release="6.2.0-made", exports=lacking)
    done = run("--between", desk.kernel(), new, desk.module())
    assert done.returncode == 1
    change = "port the code that uses symbols no longer available"
    assert done.stdout.splitlines()[-4:] == [
        "  broken: made",
        "    1 symbol no longer exported: _printk",
        f"  to do: {change}, then rebuild against the headers of 6.2.0-made",
        "1 of 1 module broken",
    ]


def test_an_interrupt_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    modules = tmp_path / "modules"
    modules.mkdir()
    one = desk.module()
    for number in range(8000):  # enough for some seconds
        os.link(one, modules / f"m{number}.ko")
    words = ["check", "--no-cache", "-k", desk.kernel(), str(modules)]
    command = [sys.executable, "-m", "pymodutils", *words]
    environment = {**os.environ, "TMPDIR": str(place)}
    running = subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    time.sleep(1)
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (-signal.SIGINT, b"", b"")
    assert list(place.iterdir()) == []


def test_rules_are_listed_and_explained() -> None:
    listed = run("--list-rules").stdout.splitlines()
    assert [line.split()[0] for line in listed] == list(Rule)
    explained = run("--explain", "vermagic").stdout
    assert explained.startswith("vermagic (error): ")
    assert Rule.VERMAGIC.advice in explained


def test_a_namespace_for_other_modules_is_not_to_be_imported(desk: Desk) -> None:
    """A kernel refuses MODULE_IMPORT_NS of a module: namespace with EPERM, so no advice names it."""
    exports = {**EXPORTS, "gpl_only": EXPORTS["gpl_only"]._replace(namespace="module:other")}
    kernel = desk.kernel(release="6.16.0-made", exports=exports)
    out = run("-k", kernel, desk.module("made", imports=["gpl_only"])).stdout
    assert "it is exported only to other" in out
    assert "MODULE_IMPORT_NS" not in out


def test_files_that_cannot_be_read_leave_the_others_their_verdicts(desk: Desk) -> None:
    good = [desk.module(f"good{number}") for number in range(3)]
    bad = [str(desk.folder / "absent.ko"), desk.file("text.ko", b"text"), desk.file("half.tar", b"\0" * 100)]
    done = run("-k", desk.kernel(), good[0], bad[0], good[1], *bad[1:], good[2])
    assert done.returncode == 2
    assert done.stdout.endswith("3 of 3 load (3 modules on 1 kernel), 0 warnings\n")
    assert [line.split(": ")[:2] for line in done.stderr.splitlines()] == [["check", "ERROR"]] * 3
    for path in bad:
        assert path in done.stderr
    assert run("-k", desk.kernel(), *bad).returncode == 2


def test_inherited_proprietary_taint_is_told_as_such(desk: Desk) -> None:
    """A GPL module that uses a proprietary one may not use GPL-only symbols; its own licence is no cause."""
    closed = desk.module("closed", licence="Proprietary", exports=["from_closed"])
    heir = desk.module("heir", imports=["from_closed", "gpl_only"], info=["depends=closed"], versions=HEIR)
    out = run("-k", desk.kernel(), "--with", closed, heir).stdout
    assert "it inherits the proprietary taint of closed" in out
    assert "MODULE_LICENSE" not in out
