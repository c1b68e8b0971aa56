"""``pymodutils check``: output formats."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import termios
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest

from pymodutils.checks.rules import Rule
from tests.checks.made import Desk
from tests.commands.check import run

STYLE = re.compile(r"\x1b\[[\d;]*m|\r")  # what a terminal does not show
SCHEMA = Path(__file__).parents[2] / "docs/check.schema.json"


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
