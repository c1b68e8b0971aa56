"""``pymodutils preflight``: formats, exit statuses and errors."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest

from pymodutils.profile import document
from pymodutils.profile.profile import (
    Profile,
)
from tests import process
from tests.preflight.made import NEW, OLD, Machine
from tests.preflight.profiles import bound

REPOSITORY = Path(__file__).parents[2]
SCHEMA = json.loads((REPOSITORY / "docs/preflight.schema.json").read_text())


def command(machine: Machine, *words: str) -> subprocess.CompletedProcess[str]:
    return process.pymodutils("preflight", "--sysroot", str(machine.root), "--no-cache", *words)


def saved_as(folder: Path, profile: Profile) -> str:
    path = folder / "profile.json"
    path.write_text(document.dumps(profile))
    return str(path)


def test_the_command_for_people_and_programs(machine: Machine, tmp_path: Path) -> None:
    profile = saved_as(tmp_path, Profile(release=OLD, devices=(bound(1, "nic"), bound(2, "card"))))
    done = command(machine, "--profile", profile)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{profile}, from {OLD}"
    assert lines[2].split() == [NEW, "1", "0", "0", "1", "1", *lines[2].split()[-2:]]
    assert lines.index("  gone  card") < lines.index("  1 need met as before: devices, file systems, modules")
    assert lines[-1] == "  modules take 0.0 MiB of memory, as before"
    again = command(machine, "--profile", profile, "--kernel", NEW, "--kernel", NEW)
    assert again.stdout == done.stdout
    github = command(machine, "--profile", profile, "--format", "github").stdout
    assert github.startswith(f"::error title=card on {NEW}%3A gone::")
    done = command(machine, "--profile", profile, "--format", "json", "--fail-on", "never")
    assert done.returncode == 0
    jsonschema.validate(json.loads(done.stdout), SCHEMA)
    other = tmp_path / "other.json"
    other.write_text(Path(profile).read_text())
    both = command(machine, "--profile", profile, "--profile", str(other)).stdout
    assert both.startswith(f"{profile}, {other}, from {OLD}\n")
    markdown = command(machine, "--profile", profile, "--format", "markdown").stdout
    assert "1 of 2 needs are met" in markdown
    assert "| need |" in markdown
    assert "loads" not in markdown
    for form in ("junit", "sarif", "github", "markdown", "html"):
        done = command(machine, "--profile", profile, "--format", form)
        assert done.returncode == 1, done.stderr
        assert "card" in done.stdout
        assert form != "sarif" or '"name": "pymodutils preflight"' in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kernel", "9.9"], "9.9"),
        (["--profile", "/nonexistent"], "/nonexistent"),
        (["--from", "9.9", "--kernel", NEW], "9.9"),
        (["--allow-list", "/nonexistent", "--kernel", NEW], "/nonexistent"),
    ],
)
def test_errors_are_one_line_and_2(machine: Machine, words: list[str], said: str) -> None:
    done = command(machine, *words)
    assert done.returncode == 2
    assert done.stderr.startswith("preflight: ERROR: ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
