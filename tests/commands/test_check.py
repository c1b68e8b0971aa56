"""``pymodutils check`` as a user calls it: words, texts, exit statuses, formats."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest

from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import ASSUMED
from tests.checks.made import Desk
from tests.kernel.emulated.modules import EXPORTS

STYLE = re.compile(r"\x1b\[[\d;]*m|\r")  # what a terminal does not show
SCHEMA = Path(__file__).parents[2] / "docs/check.schema.json"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


HEIR = {"from_closed": 0x100}  # the CRC of the first export of a made module


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pymodutils", "check", "--no-cache", *words]
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


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
    """One package's module, built for several kernels: each is a row of its own, and its own expectation."""
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


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_reasons_are_folded_between_words_on_a_terminal(desk: Desk, columns: int) -> None:
    words = ["check", "--no-cache", "-k", desk.kernel(), desk.module("made", versions={"module_layout": 1})]
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, columns))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    subprocess.run(
        [sys.executable, "-m", "pymodutils", *words],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        check=False,
        env={**environment, "TERM": "xterm"},
        timeout=60,
    )
    shown = STYLE.sub("", os.read(ours, 1 << 16).decode())
    said = run(*words[2:]).stdout
    assert shown.split() == said.split()
    inside = shown.partition("  crc  made\n")[2].partition("\n\n")[0].splitlines()
    assert all(line.startswith("    ") for line in inside)
    assert columns // 2 < max(map(len, inside)) <= columns
    assert len(inside) > 2


def test_what_breaks_between_two_kernels_and_what_to_do(desk: Desk) -> None:
    lacking = {name: export for name, export in EXPORTS.items() if name != "_printk"}
    new = desk.kernel("new", release="6.2.0-made", exports=lacking)
    done = run("--between", desk.kernel(), new, desk.module())
    assert done.returncode == 1
    change = "port the code that uses symbols no longer available"
    assert done.stdout.splitlines()[-4:] == [
        "  broken: made",
        "    1 of its symbols no longer exported: _printk",
        f"  to do: {change}, then rebuild against the headers of 6.2.0-made",
        "1 of 1 module broken",
    ]


def test_json_is_as_its_schema_says(desk: Desk) -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    bad = desk.module("bad", imports=["lost"], versions={"lost": 1})
    found = json.loads(run("-k", desk.kernel(), desk.module("good"), bad, "--format", "json").stdout)
    jsonschema.validate(found, schema)
    assert found["summary"]["do_not_load"] == 1
    [good, other] = found["verdicts"]
    assert (good["loads"], good["error"], other["error"]) == (True, None, "ENOENT")
    assert other["log"] == ["bad: Unknown symbol lost (err -2)"]
    between = run("--between", desk.kernel(), desk.kernel(), "--format", "json", bad).stdout
    jsonschema.validate(json.loads(between), schema)
    del found["verdicts"][0]["errno"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, schema)


def test_junit_has_a_suite_for_each_kernel(desk: Desk) -> None:
    bad = desk.module("bad", imports=["lost<&\x01"], versions={"lost": 1})
    top = ET.fromstring(run("-k", desk.kernel(), desk.module("good"), bad, "--format", "junit").stdout)  # noqa: S314
    [suite] = top
    counts = {"name": "6.1.0-made", "tests": "2", "failures": "1", "errors": "0"}
    assert {name: suite.attrib[name] for name in counts} == counts
    cases = list(suite.iter("testcase"))
    assert [case.attrib["name"] for case in cases] == ["good", "bad"]
    assert float(suite.attrib["time"]) == pytest.approx(
        sum(float(it.attrib["time"]) for it in cases), abs=0.002
    )
    [failure] = cases[1]
    assert failure.attrib["type"] == "unknown"
    assert "Unknown symbol" in (failure.text or "")


def test_sarif_names_rules_that_it_has(desk: Desk) -> None:
    bad = desk.module("bad", imports=["lost"], versions={"lost": 1})
    [log] = json.loads(run("-k", desk.kernel(), bad, "--format", "sarif").stdout)["runs"]
    rules = log["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(Rule)
    [result] = log["results"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "unknown"
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == f"file://{bad}"
    assert log["automationDetails"] == {"id": "pymodutils/check/6.1-made/"}


@pytest.mark.parametrize(
    ("release", "category"),
    [
        ("6.1.0-50-cloud-amd64", "6.1-cloud-amd64"),
        ("6.12.48+deb13-amd64", "6.12+deb13-amd64"),
        ("6.8.0-45-generic", "6.8-generic"),
        ("7.2-rc3", "7.2"),
        ("6.1.0-made (a/b)", "6.1-made%20%28a%2Fb%29"),
    ],
)
def test_an_update_of_a_kernel_keeps_its_category(desk: Desk, release: str, category: str) -> None:
    from pymodutils.checks.formats import sarif  # noqa: PLC0415

    found = desk.report(desk.module())
    [run_] = sarif.document(found._replace(kernels=(found.kernels[0]._replace(label=release),)))["runs"]
    assert run_["automationDetails"]["id"] == f"pymodutils/check/{category}/"


def test_github_escapes_what_would_end_a_command(desk: Desk) -> None:
    bad = desk.module("bad", imports=["lost%\n"], versions={"lost": 1})
    out = run("-k", desk.kernel(), bad, "--format", "github").stdout
    first, last = out.splitlines()
    assert first.startswith(f"::error file={bad},title=bad on 6.1.0-made%3A unknown::it imports 1 symbol")
    assert "lost%25%0A%0ATo do: " in first
    assert last == "0 of 1 load"


def test_markdown_is_a_table(desk: Desk) -> None:
    bad = desk.module("bad", imports=["lost_one"], versions={"lost": 1})
    out = run("-k", desk.kernel(), desk.module("good"), bad, "--format", "markdown").stdout
    assert (
        "| module | 6.1.0-made |\n|---|---|\n| good | loads |\n| bad | \N{CROSS MARK} ENOENT: unknown |\n"
        in out
    )
    assert "lost\\_one" in out


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


def test_several_formats_in_one_run(desk: Desk) -> None:
    kernel, module = desk.kernel(), desk.module()
    one, two = desk.folder / "one.json", desk.folder / "two.sarif"
    words = ["--format", "json", "-o", str(one), "--format", "sarif", "-o", str(two)]
    done = run("-k", kernel, module, *words, "--format", "text", "-o", "-")
    assert done.returncode == 0
    assert "1 of 1 load" in done.stdout
    assert json.loads(one.read_text())["format"] == "pymodutils check"
    assert json.loads(two.read_text())["version"] == "2.1.0"
    lacks = run("-k", kernel, module, "--format", "json", "--format", "sarif", "-o", str(one))
    assert lacks.returncode == 2
    assert "give each --format its own -o FILE" in lacks.stderr


def test_inherited_proprietary_taint_is_told_as_such(desk: Desk) -> None:
    """A GPL module that uses a proprietary one may not use GPL-only symbols; its own licence is no cause."""
    closed = desk.module("closed", licence="Proprietary", exports=["from_closed"])
    heir = desk.module("heir", imports=["from_closed", "gpl_only"], info=["depends=closed"], versions=HEIR)
    out = run("-k", desk.kernel(), "--with", closed, heir).stdout
    assert "it inherits the proprietary taint of closed" in out
    assert "MODULE_LICENSE" not in out
