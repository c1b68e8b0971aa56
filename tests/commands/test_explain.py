"""modprobe --explain on a small directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pymodutils.depends.trie import build
from tests.oracles.modprobe import here

CONF = """\
alias card-* sound
alias spare dummy
blacklist dummy
options sound volume=11
options card_* wide=1
softdep sound pre: codec post: extra
install mixer /bin/mix $CMDLINE_OPTS
"""
DEP = {"core": [], "codec": [], "extra": [], "dummy": [], "mixer": ["core"], "sound": ["mixer", "core"]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    modules, etc, sys = (tmp_path / path for path in ("lib/modules/1.0", "etc/modprobe.d", "sys/module"))
    for folder in (modules, etc, sys / "codec", sys / "core/holders", sys / "mixer/holders", sys / "sound"):
        folder.mkdir(parents=True)
    for name in ("codec", "core", "mixer", "sound"):
        (sys / name / "initstate").write_text("live\n")
        (sys / name / "refcnt").write_text("1\n" if name in ("core", "mixer") else "0\n")
    (sys / "core/holders/mixer").touch()
    (sys / "mixer/holders/sound").touch()
    (etc / "a.conf").write_text(CONF)
    dep = [
        (name, f"k/{name}.ko:" + "".join(f" k/{need}.ko" for need in needs)) for name, needs in DEP.items()
    ]
    indexes = {"dep": dep, "alias": [("pci:v1*", "extra")], "builtin": [("inside", "")]}
    for index, pairs in indexes.items():
        entries = ((key.encode(), value.encode(), at) for at, (key, value) in enumerate(pairs))
        (modules / f"modules.{index}.bin").write_bytes(build(entries))
    return tmp_path


def told(root: Path, *words: str) -> Any:
    said = here("--sysroot", str(root), "-S", "1.0", "--format", "json", *words)
    assert (said.err, said.status) == ("", 0)
    return json.loads(said.out)


def steps(document: Any) -> list[tuple[str, str]]:
    return [(step["action"], step["module"]) for step in document["modules"][0]["steps"]]


def reasons(root: Path, step: Any) -> list[str]:
    places = (f" {reason['place']}".replace(str(root), "") for reason in step["reasons"])
    return [reason["text"] + place for reason, place in zip(step["reasons"], places, strict=True)]


def test_every_step_has_its_reasons(root: Path) -> None:
    document = told(root, "-D", "card-x", "a=b")
    assert steps(document) == [
        ("insmod", "core"),
        ("install", "mixer"),
        ("insmod", "codec"),
        ("insmod", "sound"),
        ("insmod", "extra"),
    ]
    core, mixer, codec, sound, extra = document["modules"][0]["steps"]
    softdep = "softdep sound pre: codec post: extra /etc/modprobe.d/a.conf:6"
    dep = "/lib/modules/1.0/modules.dep.bin"
    assert reasons(root, codec) == [softdep, f"codec is a module {dep}"]
    assert reasons(root, core) == [f"sound needs it: sound -> mixer -> core {dep}"]
    install = "install mixer /bin/mix $CMDLINE_OPTS /etc/modprobe.d/a.conf:7"
    assert reasons(root, mixer) == [f"sound needs it {dep}", install]
    assert reasons(root, sound) == [
        "alias card_* sound /etc/modprobe.d/a.conf:1",
        "options sound volume=11 /etc/modprobe.d/a.conf:4",
        "options card_* wide=1 /etc/modprobe.d/a.conf:5",
    ]
    assert reasons(root, extra) == [softdep, f"extra is a module {dep}"]
    assert sound["options"] == "volume=11 wide=1 a=b"
    assert [step["required"] for step in (codec, core, mixer, sound, extra)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_an_index_names_its_pattern(root: Path) -> None:
    (module,) = told(root, "-R", "pci:v12")["modules"]
    place = f"{root}/lib/modules/1.0/modules.alias.bin"
    assert module["reasons"] == [{"kind": "index", "text": "alias pci:v1* extra", "place": place}]


def test_a_blacklist_is_named(root: Path) -> None:
    (module,) = told(root, "-n", "spare")["modules"]
    assert module["steps"] == []
    assert module["blacklisted"] == {
        "kind": "blacklist",
        "text": "blacklist dummy",
        "place": f"{root}/etc/modprobe.d/a.conf:3",
    }
    assert steps(told(root, "-n", "dummy")) == [("insmod", "dummy")]


def test_what_the_kernel_has(root: Path) -> None:
    (module,) = told(root, "-n", "sound")["modules"]
    assert module["state"] == "live"
    assert [step["state"] for step in module["steps"]] == ["live", "live", "live", "live", None]
    (module,) = told(root, "-D", "sound")["modules"]
    assert {step["state"] for step in module["steps"]} == {None}


def test_a_removal_tells_what_has_to_go_first(root: Path) -> None:
    document = told(root, "-rn", "core")
    (step,) = document["modules"][0]["steps"]
    assert (step["users"], step["first"]) == (1, ["sound", "mixer"])
    document = told(root, "-rn", "sound")
    assert steps(document) == [("rmmod", name) for name in ("extra", "sound", "core", "mixer", "codec")]


def test_kmod_loses_an_install_line(root: Path) -> None:
    (root / "etc/modprobe.d/b.conf").write_text("install sound /bin/false\n")
    lost = told(root, "--compat", "34", "-D", "sound")["modules"][0]["steps"][3]
    assert lost["action"] == "insmod"
    assert "ignored" in [reason["kind"] for reason in lost["reasons"]]
    assert told(root, "-D", "sound")["modules"][0]["steps"][3]["action"] == "install"


def test_the_configuration(root: Path) -> None:
    document = told(root, "-c")
    place = {"file": f"{root}/etc/modprobe.d/a.conf", "line": 6}
    assert document["softdeps"] == [{"pattern": "sound", "pre": ["codec"], "post": ["extra"], **place}]
    assert document["indexes"]["modules.alias"] == [{"pattern": "pci:v1*", "module": "extra"}]


def test_explained_to_a_reader(root: Path) -> None:
    said = here("--sysroot", str(root), "-S", "1.0", "--explain", "-D", "mixer", "x=1")
    modules = f"{root}/lib/modules/1.0"
    assert said.out.splitlines() == [
        "mixer resolves to the module mixer",
        f"  mixer is a module ({modules}/modules.dep.bin)",
        f"insmod {modules}/k/core.ko ",
        f"  mixer needs it ({modules}/modules.dep.bin)",
        "install /bin/mix $CMDLINE_OPTS x=1",
        f"  install mixer /bin/mix $CMDLINE_OPTS ({root}/etc/modprobe.d/a.conf:7)",
    ]
    said = here("--sysroot", str(root), "-S", "1.0", "--explain", "-r", "core")
    assert said.out.splitlines()[-2:] == ["rmmod core", "  in use: sound, mixer must be removed first"]


def test_explaining_does_nothing(root: Path) -> None:
    mark = root / "mark"
    (root / "etc/modprobe.d/0.conf").write_text(f"install codec touch {mark}\nremove codec touch {mark}\n")
    here("--sysroot", str(root), "-S", "1.0", "--explain", "sound")
    here("--sysroot", str(root), "-S", "1.0", "--explain", "-r", "sound")
    assert not mark.exists()


def test_json_is_only_for_what_does_nothing(root: Path) -> None:
    said = here("--sysroot", str(root), "-S", "1.0", "--format", "json", "sound")
    assert said.status == 1
    assert "--format json" in said.err


def test_several_names_are_a_line_each(root: Path) -> None:
    said = here("--sysroot", str(root), "-S", "1.0", "--format", "json", "-a", "-D", "core", "codec")
    assert [json.loads(line)["name"] for line in said.out.splitlines()] == ["core", "codec"]


def test_nothing_known(root: Path) -> None:
    said = here("--sysroot", str(root), "-S", "1.0", "--explain", "nosuch")
    where = f"{root}/lib/modules/1.0"
    assert said == ("", f"modprobe: FATAL: Module nosuch not found in directory {where}\n", 1)


def test_the_page_names_every_field(root: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/json.md").read_text().partition("\n## modprobe\n")[2]
    page = page.partition("\n## ")[0]
    documents = [
        told(root, *words) for words in (["-D", "card-x"], ["-rn", "sound"], ["-R", "sound"], ["-c"])
    ]
    assert {name for name in fields(documents) if f"`{name}`" not in page} == set()


def fields(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(fields, value.values()))
    return set().union(*map(fields, value)) if isinstance(value, list) else set()
