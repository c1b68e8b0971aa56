"""pymodutils static-nodes, compared with kmod's."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.oracles.kmod import kmod34
from tests.oracles.modprobe import Said, here, kmod, need_namespaces
from tests.oracles.trees import linked, tree

VERSION = os.uname().release
DAMAGED = """\
# comment
snd-timer snd/timer c116:33

foo foo b1:2
bad line
bad2 x z1:2
bad3 x c1
bad4 x c1:
x a/b/c c10:5
  lead lead c1:2
trail trail c1:2 \n\
five a b c1:2
y a/b/d c1:1
z a/b/c c1:1 extra
w /abs c1:1
q c1:1
tab\ttab\tc1:1
 # c
k ../x c1:1
a b c 1:2
a b c1: 2
a b c+1:2
a b c1:4294967295
last last c1:2"""


class Machine:
    """A root with or without modules.devname, as seen by us and by kmod."""

    def __init__(self, root: Path, content: str | None) -> None:
        self.root, self.modules = root, root / "lib/modules"
        (self.modules / VERSION).mkdir(parents=True)
        if content is not None:
            (self.modules / VERSION / "modules.devname").write_text(content)

    def ours(self, *words: str) -> Said:
        return here("--sysroot", str(self.root), *words, tool="static-nodes")

    def theirs(self, release: int, *words: str) -> Said:
        need_namespaces()
        mounts = {"/lib/modules": str(self.modules)}
        os.makedirs("/lib/modules", exist_ok=True)
        return kmod(release, "static-nodes", *words, tool="kmod", mounts=mounts)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> str:
    """modules.devname of a Debian tree."""
    made = linked(tree("cloud"), tmp_path_factory.mktemp("cloud"))
    subprocess.run([*kmod34("depmod"), "-b", str(made.root), made.version], check=True)
    return (made.modules / "modules.devname").read_text()


@pytest.mark.lane
@pytest.mark.parametrize("release", [30, 34])
@pytest.mark.parametrize("form", ["human", "tmpfiles", "devname"])
def test_forms(form: str, release: int, real: str, tmp_path: Path) -> None:
    for case, content in (("real", real), ("damaged", DAMAGED), ("empty", "")):
        machine = Machine(tmp_path / case, content)
        expected = machine.theirs(release, "-f", form)
        assert machine.ours("-f", form) == expected
        assert expected.status == int(case == "damaged")


@pytest.mark.lane
def test_a_missing_file_is_a_warning(tmp_path: Path) -> None:
    machine = Machine(tmp_path, None)
    said, other = machine.ours(), machine.theirs(34)
    assert said == other._replace(err=other.err.replace("/lib/", f"{tmp_path}/lib/"))
    assert said.status == 0


@pytest.mark.lane
def test_output_goes_into_a_file_whose_folder_is_made(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "root", DAMAGED)
    target = tmp_path / "a/b/out"
    expected = machine.theirs(34, "-f", "devname").out
    assert machine.ours("-f", "devname", "-o", str(target)).out == ""
    assert target.read_text() == expected
    (tmp_path / "folder").mkdir()
    for place in (str(tmp_path / "folder"), ""):
        assert machine.ours("-o", place) == machine.theirs(34, "-o", place)
    assert machine.ours("-o", str(target / "below")).status == 1
    assert (
        machine.ours("-o", "/dev/full").err == "Error: could not create /dev/full - No space left on device\n"
    )
    assert os.listdir(target.parent) == ["out"]


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    said = Machine(tmp_path, "").ours("-f", "zz")
    assert said.status == 1
    assert said.err == "Unknown format: 'zz'.\n"
    assert "--output" in said.out


def test_json_has_every_node(tmp_path: Path) -> None:
    said = Machine(tmp_path, "fuse fuse c10:229\nloop loop-control b10:237\n").ours("-f", "json")
    fuse, loop = json.loads(said.out)
    assert fuse == {
        "module": "fuse",
        "name": "fuse",
        "kind": "c",
        "major": 10,
        "minor": 229,
        "path": "/dev/fuse",
    }
    assert loop["kind"] == "b"
