"""The graph of Debian's cloud kernel in every format, compared with kmod 30's modules.dep."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from pymodutils.names import of_path
from tests.oracles.kmod import kmod30
from tests.oracles.modprobe import here
from tests.oracles.trees import Tree, linked, tree

pytestmark = [pytest.mark.lane, pytest.mark.slow]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    copy = linked(tree("cloud"), tmp_path_factory.mktemp("cloud"))
    subprocess.run([*kmod30("depmod"), "-b", copy.root, copy.version], check=True)
    return copy


@pytest.fixture(scope="module")
def needs(cloud: Tree) -> dict[str, set[str]]:
    """The dependencies of each module according to kmod."""
    lines = (cloud.modules / "modules.dep").read_text().splitlines()
    rows = (line.replace(":", "").split() for line in lines)
    return {of_path(path): {of_path(each) for each in rest} for path, *rest in rows}


def graph(where: Tree, *words: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pymodutils",
        "graph",
        "-b",
        where.root,
        "-k",
        where.version,
    ]
    return subprocess.run(
        [*command, "-C", "/dev/null", *words], capture_output=True, text=True, check=False, timeout=60
    )


def document(where: Tree, *words: str) -> Any:
    return json.loads(graph(where, "--format", "json", *words).stdout)


def test_the_document_reaches_all_that_modules_dep_lists(cloud: Tree, needs: dict[str, set[str]]) -> None:
    found = document(cloud, "--all")
    direct = {module["name"]: module["needs"] for module in found["modules"]}
    assert set(direct) == set(needs)
    for name, wanted in needs.items():
        reached: set[str] = set()
        todo = list(direct[name])
        while todo:
            reached.add(one := todo.pop())
            todo += direct[one]
        assert reached == wanted
    paths = {line.partition(":")[0] for line in (cloud.modules / "modules.dep").read_text().splitlines()}
    assert {module["path"] for module in found["modules"]} == paths
    assert set(found["roots"]) == set(needs) - set().union(*needs.values())
    assert found["cycles"] == []


@pytest.mark.parametrize("name", ["libcrc32c", "failover", "virtio_ring", "nf_tables"])
def test_reverse_is_who_has_it_in_modules_dep(cloud: Tree, needs: dict[str, set[str]], name: str) -> None:
    found = document(cloud, "--reverse", name)
    hard = {name}
    for module in [*found["modules"]] * 9:  # longer than any chain
        if hard & set(module["needs"]):
            hard.add(module["name"])
    assert hard == {user for user, wanted in needs.items() if name in wanted} | {name}


def test_soft_dependencies_are_those_of_modules_softdep(cloud: Tree) -> None:
    by_name = {module["name"]: module for module in document(cloud, "btrfs")["modules"]}
    wanted = subprocess.run(
        [
            *kmod30("modprobe"),
            "-d",
            cloud.root,
            "-S",
            cloud.version,
            "-C",
            "/dev/null",
            "-R",
            "crypto-crc32c",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert sorted(by_name["libcrc32c"]["pre"]) == sorted(set(wanted) & set(by_name))
    assert by_name["libcrc32c"]["pre"]


def test_dot_has_the_same_nodes_and_edges(cloud: Tree) -> None:
    text = graph(cloud, "--format", "dot", "btrfs", "xfs").stdout
    found = document(cloud, "btrfs", "xfs")
    assert re.fullmatch(r"digraph modules \{\n(  [^\n]+;\n)+\}\n", text)
    nodes = re.findall(r'^  "([^"]+)"(?: \[[^]]*\])?;$', text, re.MULTILINE)
    assert nodes == [module["name"] for module in found["modules"]]
    edges = set(
        re.findall(r'^  "([^"]+)" -> "([^"]+)"(?: \[style=dashed, label=(\w+)\])?;$', text, re.MULTILINE)
    )
    kinds = {"needs": "", "pre": "pre", "post": "post"}
    assert edges == {
        (module["name"], end, label)
        for module in found["modules"]
        for kind, label in kinds.items()
        for end in module[kind]
    }


@pytest.mark.parametrize("words", [("btrfs",), ("--reverse", "libcrc32c"), ("--all",)], ids=" ".join)
def test_the_picture_has_every_module_once_and_every_edge(cloud: Tree, words: tuple[str, ...]) -> None:
    picture = ET.fromstring(graph(cloud, "--format", "svg", *words).stdout)  # noqa: S314 -- our own
    found = document(cloud, *words)
    boxes = [group.get("id") for group in picture.iter(f"{SVG}g")]
    assert boxes == [module["name"] for module in found["modules"]]
    labels = [group.findtext(f"{SVG}text") for group in picture.iter(f"{SVG}g")]
    assert labels == boxes
    lines = [path for path in picture.iter(f"{SVG}path") if "line" in path.get("class", "")]
    assert len(lines) == sum(
        len(module[kind]) for module in found["modules"] for kind in ("needs", "pre", "post")
    )


def test_the_tree_shows_direct_needs_below_each_module(cloud: Tree, needs: dict[str, set[str]]) -> None:
    first, *rest = graph(cloud, "xfs").stdout.splitlines()
    assert first.split() == ["xfs", next(cloud.modules.rglob("xfs.ko")).relative_to(cloud.modules).as_posix()]
    hard = [line for line in rest if "if there" not in line]
    assert {line.split()[-1] for line in hard} == needs["xfs"]


def test_an_alias_stands_for_its_module(cloud: Tree) -> None:
    assert document(cloud, "fs-btrfs")["roots"] == ["btrfs"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["no_such_module"], "no_such_module: no such module or alias in"),
        (["--set-version", "0.0", "btrfs"], "modules.dep: no such file; run depmod"),
        ([], "give the names of modules, or --all"),
        (["--all", "btrfs"], "give the names of modules, or --all"),
        (["a[b"], "a[b: no such module or alias in"),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_line(cloud: Tree, words: list[str], says: str) -> None:
    done = graph(cloud, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("graph: ERROR: ")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_built_in_module_says_so(cloud: Tree) -> None:
    builtin = of_path(Path((cloud.modules / "modules.builtin").read_text().split()[0]).name)
    assert "built into the kernel" in graph(cloud, builtin).stderr


def test_any_name_makes_valid_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "lib/modules/1.0"
    folder.mkdir(parents=True)
    names = [b"a\x01b", b'c<d>&"\x1b[31m', b"\xff\xfe", "\uffff".encode(), b"]]>"]
    lines = [b"k/" + name + b".ko: k/" + names[0] + b".ko\n" for name in names[1:]]
    (folder / "modules.dep").write_bytes(b"k/" + names[0] + b".ko:\n" + b"".join(lines))
    shown = {form: run_here(tmp_path, form) for form in ("svg", "dot")}
    picture = ET.fromstring(shown["svg"])  # noqa: S314 -- our own
    titles = {element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert titles == {"a\\x01b", 'c<d>&"\\x1b[31m', "\\xff\\xfe", "\\uffff", "]]>"}
    assert "\x1b" not in shown["dot"]


def run_here(root: Path, form: str) -> str:
    words = ["--sysroot", str(root), "-k", "1.0", "--all", "--format", form]
    return here(*words, tool="graph").out
