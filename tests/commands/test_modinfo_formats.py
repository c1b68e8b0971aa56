"""modinfo: JSON and table output."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.commands.modinfo import files, mine, theirs
from tests.oracles import elf
from tests.oracles.modprobe import ours
from tests.oracles.trees import Tree, tree

REPOSITORY = Path(__file__).parents[2]


def documents(*words: str) -> list[dict[str, Any]]:
    """The JSON lines printed for ``words``."""
    said = mine("--format", "json", *words)
    assert (said.err, said.status) == ("", 0)
    return [json.loads(line) for line in said.out.splitlines()]


@pytest.mark.lane
def test_json_says_what_the_text_says() -> None:
    paths = files(tree("amd64"), 40)
    for path, document in zip(paths, documents(*paths), strict=True):
        pairs = elf.modinfo(Path(path))
        assert document["fields"] == {key: [v for k, v in pairs if k == key] for key, _ in pairs}
        assert document["build_id"] == elf.build_id(Path(path))
        assert (document["filename"], document["builtin"]) == (path, False)
        types = {v.partition(":")[0]: v.partition(":")[2] for k, v in pairs if k == "parmtype"}
        texts = {v.partition(":")[0]: v.partition(":")[2] for k, v in pairs if k == "parm"}
        assert {p["name"]: p["type"] for p in document["parameters"] if p["type"] is not None} == types
        assert {
            p["name"]: p["description"] for p in document["parameters"] if p["description"] is not None
        } == texts
        shown = theirs(34, "-F", "sig_key", path).out.replace(":", "").strip().lower()
        assert document["signature"]["key"] == shown


@pytest.mark.lane
def test_json_of_one_module_is_one_document_and_of_a_field_its_values(installed: Tree) -> None:
    at = ["-b", str(installed.root), "-k", installed.version]
    whole = json.loads(mine(*at, "--format", "json", "unix").out)
    assert (whole["name"], whole["filename"], whole["builtin"]) == ("unix", None, True)
    assert (whole["signature"], whole["build_id"]) == (None, None)
    license_ = json.loads(mine(*at, "--format", "json", "-l", "unix").out)
    assert license_ == {"name": "unix", "filename": None, "fields": {"license": ["GPL"]}}
    said = mine(*at, "--format", "json", "nosuch", "unix")
    assert (len(said.out.splitlines()), said.err, said.status) == (
        1,
        "modinfo: ERROR: Module nosuch not found.\n",
        1,
    )


@pytest.mark.lane
def test_the_documented_example_is_what_is_printed() -> None:
    keys = set(re.findall(r'^  "(\w+)":', (REPOSITORY / "docs/json.md").read_text(), re.MULTILINE))
    document = json.loads(mine("--format", "json", files(tree("uml"))[0]).out)
    assert set(document) <= keys


@pytest.mark.lane
def test_a_table_has_every_value() -> None:
    path = next(tree("amd64").modules.rglob("loop.ko"))
    table = ours("--format", "table", str(path), tool="modinfo").out
    assert "max_loop:Maximum number of loop devices" in table
    assert "block-major-7-*" in table
