"""Arguments that kmod 34 takes for paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracles.modprobe import kmod, ours
from tests.oracles.small import RELEASE, make

REFUSED = {
    "/": "No such file or directory",
    "./": "No such file or directory",
    "//": "No such file or directory",
    "/etc/": "No such file or directory",
    "/etc/passwd/": "Not a directory",
    "./absent": "No such file or directory",
}
TAKEN = ["/etc", "/etc/passwd", "./.", "/.."]


@pytest.mark.parametrize("path", REFUSED)
def test_what_is_no_path_of_a_module(path: str, tmp_path: Path) -> None:
    make(tmp_path)
    said = ours("-d", str(tmp_path), "-S", RELEASE, "-D", path, cwd=str(tmp_path))
    assert said == ("", f"modprobe: FATAL: Failed to get module from path {path}: {REFUSED[path]}\n", 1)


@pytest.mark.lane
@pytest.mark.parametrize("path", [*REFUSED, *TAKEN])
def test_kmod_says_so(path: str, tmp_path: Path) -> None:
    make(tmp_path)
    for words in (["-D", path], ["-R", path], ["-q", "-D", path], ["-a", "-D", path, "loop"], ["-r", path]):
        asked = ["-d", str(tmp_path), "-S", RELEASE, *words]
        theirs = kmod(34, *asked, cwd=str(tmp_path))
        assert ours("--compat", "34", *asked, cwd=str(tmp_path)) == theirs
