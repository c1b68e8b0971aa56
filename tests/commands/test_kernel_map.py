"""``pymodutils kernel map`` on a made kernel and modules."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.kernel.emulated.modules import WRITE, kernel, module
from tests.link.objects import Part

PAGE = 4096
STYLES = re.compile(r"\x1b\[[0-9;]*m")
SVG = "{http://www.w3.org/2000/svg}"
CONTROL = ".esc\x1b[31m\x07<&\x01"


def run(state: Path, *words: object, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pymodutils", "kernel", "map", *map(str, words)]
    settings = {**os.environ, "PYMODUTILS_BACKEND": f"emulated:{state}", **environ}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=settings)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "k.state"
    booted = kernel(str(path))
    booted.init_module(module("first", parts=[Part(".data", b"\x0d" * 9000, WRITE, align=8)]))
    booted.init_module(module("second", parts=[Part(CONTROL, b"\x0d" * 3000, WRITE, align=1)]))
    return path


def numbers(line: str) -> list[int]:
    return [int(word.replace(",", "")) for word in line.split() if word.replace(",", "").isdigit()]


@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("name", [(), ("first",)])
def test_lines_fit_and_strips_are_as_long_as_there_is_room(
    state: Path, columns: int, name: tuple[str, ...]
) -> None:
    shown = run(state, *name, COLUMNS=str(columns)).stdout.splitlines()
    assert max(map(len, shown)) <= columns
    strips = [line.split()[1] for line in shown if re.match(r" *0x\w+ [A-Za-z.|-]+$", line)]
    assert max(map(len, strips)) == (128 if columns == 140 else 64)


def test_the_table_adds_up_to_the_areas(state: Path) -> None:
    """first: a page each of text and symbols, three of data; init: one each of text and symbols."""
    shown = run(state, "first").stdout.splitlines()
    assert any(re.match(r"core  0x\w+  20,480 bytes in 5 pages$", line) for line in shown)
    assert any(
        re.match(r"init  0x\w+  8,192 bytes in 2 pages, discarded when init\(\) ended$", line)
        for line in shown
    )
    rows = [line for line in shown if re.match(r"[A-Z.|-] \w", line)]
    assert sum(numbers(line)[0] for line in rows) == 5 * PAGE
    assert numbers(shown[-1]) == [5 * PAGE, 2 * PAGE]
    cells = [
        line[:41].split(maxsplit=1)[1:] for line in shown if re.match(r" +0x\w+ +\d.* [A-Za-z] \S", line)
    ]
    assert sum(sum(numbers(cell)) for [cell] in cells) == 7 * PAGE
    [data] = [line.split() for line in shown if line.endswith(" D .data")]
    assert data[1] == "9,000"


def test_colours_change_nothing_but_colours(state: Path) -> None:
    plain = run(state, "first", NO_COLOR="1").stdout
    coloured = run(state, "first", FORCE_COLOR="1", TERM="xterm-256color").stdout
    assert STYLES.search(coloured)
    assert not STYLES.search(plain)
    assert STYLES.sub("", coloured) == plain == run(state, "first").stdout


def test_json_accounts_for_every_byte(state: Path) -> None:
    found = json.loads(run(state, "first", "--format", "json").stdout)
    for area in found["areas"]:
        assert sum(part["size"] for part in area["parts"]) == area["taken"]
    assert sum(found["totals"].values()) == found["taken"] == 5 * PAGE
    assert sum(found["discarded_totals"].values()) == found["discarded"] == 2 * PAGE
    whole = json.loads(run(state, "--format", "json").stdout)
    assert sum(whole["totals"].values()) == whole["high"] - whole["low"]
    assert whole["totals"]["guard"] == 2 * PAGE
    assert whole["totals"]["free"] == sum(gap["size"] for gap in whole["gaps"])
    assert [it["name"] for it in whole["modules"]] == ["first", "second"]


def test_the_picture_is_to_scale(state: Path) -> None:
    """The total width of the rectangles of each kind equals its bytes, at the scale in the title."""
    picture = ET.fromstring(run(state, "first", "--format", "svg").stdout)  # noqa: S314 -- our own
    title = next(picture.iter(f"{SVG}text")).text or ""
    row = int(title.rpartition("a row is ")[2].split()[0].replace(",", ""))
    widths: Counter[str] = Counter()
    edges = []
    for shape in picture.iter(f"{SVG}rect"):
        words = shape.get("class", "").split()
        if words[1:]:
            widths[words[1]] += round(float(shape.get("width", 0)) * row / 1024)
            edges.append(float(shape.get("x", 0)) + float(shape.get("width", 0)))
    found = json.loads(run(state, "first", "--format", "json").stdout)
    kinds = Counter(found["totals"]) + Counter(found["discarded_totals"])
    assert widths.keys() == kinds.keys()
    for kind, size in kinds.items():
        assert abs(widths[kind] - size) <= 4, kind
    assert max(edges) <= float(picture.get("width", 0))


@pytest.mark.parametrize("form", ["text", "svg"])
def test_names_of_sections_bring_no_control_characters(state: Path, form: str) -> None:
    shown = run(state, "second", "--format", form).stdout
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", shown)
    assert r".esc\x1b[31m\x07" in shown
    assert form == "text" or ET.fromstring(shown).tag == f"{SVG}svg"  # noqa: S314 -- our own
    parts = json.loads(run(state, "second", "--format", "json").stdout)["areas"][0]["parts"]
    assert CONTROL in [part["name"] for part in parts]


def test_output_is_the_same_in_a_file(state: Path, tmp_path: Path) -> None:
    for form in ("text", "svg", "json"):
        target = tmp_path / form
        done = run(state, "first", "--format", form, "-o", target)
        assert (done.returncode, done.stdout) == (0, "")
        assert target.read_text() == run(state, "first", "--format", form).stdout
    assert sorted(os.listdir(tmp_path)) == ["json", "svg", "text"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["absent"], "kernel: ERROR: module absent is not in the kernel"),
        (["first", "-o", "no/such/file"], "could not write no/such/file: No such file or directory"),
        (["first", "--format", "nonsense"], "'nonsense' is not one of"),
        (["first", "second"], "Got unexpected extra argument (second)"),
    ],
)
def test_errors_are_one_line_and_status_1(state: Path, words: list[str], message: str) -> None:
    done = run(state, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_modules_everything_is_free(tmp_path: Path) -> None:
    kernel(str(tmp_path / "k.state"))
    shown = run(tmp_path / "k.state").stdout
    assert re.search(
        r"^  free +1,056,964,608$", shown, re.MULTILINE
    )  # 0xffffffffc0000000 to 0xffffffffff000000
    assert run(tmp_path / "k.state", "--format", "svg").returncode == 0
