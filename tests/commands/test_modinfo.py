"""modinfo as a user sees it, beside kmod's on Debian's trees and on modules made by hand."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.elf import made
from tests.oracles import elf
from tests.oracles.kmod import kmod34
from tests.oracles.modprobe import Said, here, kmod, ours
from tests.oracles.trees import COMPRESS, Tree, copied, linked, tree

REPOSITORY = Path(__file__).parents[2]
COMPLAINT = re.compile(r"modinfo: ERROR: could not get modinfo from 'damaged': [A-Z].*\n")
STRICTER = ((1, 0), (1, -signal.SIGABRT))  # names of sections that end nowhere; kmod's assertions
BOTH = pytest.mark.parametrize("release", [30, 34])
OPTIONS: tuple[list[str], ...] = (
    [],
    ["-0"],
    ["-p"],
    ["-0", "-p"],
    ["-a"],
    ["-d"],
    ["-l"],
    ["-n"],
    ["-n", "-0"],
    ["-F", "alias"],
    ["-F", "parmtype"],
    ["-F", "vermagic", "-0"],
    ["-F", "sig_key"],
    ["-F", "signature"],
    ["-F", "nosuch"],
    ["-F", ""],
    ["-a", "-l"],
    ["-F", "name", "--license"],
    ["--par"],
)
each_option = pytest.mark.parametrize("options", OPTIONS, ids=" ".join)


def quiet(said: Said) -> Said:
    """``said`` without what kmod's library prints, and without our hint about an empty module directory."""
    dropped = "libkmod: ", "modinfo: WARNING: there are no modules"
    kept = [line for line in said.err.splitlines(keepends=True) if not line.startswith(dropped)]
    return said._replace(err="".join(kept))


def theirs(release: int, *words: str, cwd: str | None = None) -> Said:
    return quiet(kmod(release, *words, tool="modinfo", cwd=cwd))


def mine(*words: str) -> Said:
    return quiet(here(*words, tool="modinfo"))


def files(tree: Tree, every: int = 1) -> list[str]:
    return sorted(map(str, tree.modules.rglob("*.ko*")))[::every]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Debian's cloud tree with indexes."""
    made = linked(tree("cloud"), tmp_path_factory.mktemp("cloud"))
    subprocess.run([*kmod34("depmod"), "-b", str(made.root), made.version], check=True)
    return made


@pytest.mark.lane
@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("name", ["amd64", "cloud", "uml", "s390x", "armhf"])
@pytest.mark.parametrize("options", [[], ["-0"]], ids=["text", "null"])
def test_every_module_of_a_tree(name: str, options: list[str], release: int) -> None:
    words = [*options, *files(tree(name))]
    assert mine(*words) == theirs(release, *words)


@pytest.mark.lane
@each_option
def test_every_option(options: list[str]) -> None:
    words = [*options, *files(tree("amd64"), 67)]
    assert mine(*words) == theirs(34, *words) == theirs(30, *words)


@pytest.mark.lane
@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("compression", ["xz", "zst"])
def test_every_compressed_module(compression: str, release: int) -> None:
    words = files(copied(tree("uml"), compression))
    assert mine(*words) == theirs(release, *words)
    assert mine("-F", "license", *words[:5]) == theirs(release, "-F", "license", *words[:5])


@pytest.mark.lane
def test_gzip_is_read_although_debians_kmod_cannot(tmp_path: Path) -> None:
    path = tmp_path / "loop.ko.gz"
    plain = next(tree("amd64").modules.rglob("loop.ko"))
    path.write_bytes(COMPRESS["gz"](plain.read_bytes()))
    assert mine(str(path)).out == theirs(34, str(plain)).out.replace(str(plain), str(path))


@pytest.mark.lane
@BOTH
def test_names_aliases_and_what_is_built_in(installed: Tree, release: int) -> None:
    modules = [Path(path).name.removesuffix(".ko") for path in files(installed)]
    aliases = (installed.modules / "modules.alias").read_text().splitlines()[1::40]
    asked = [line.split()[1].replace("*", "0").replace("?", "1") for line in aliases]
    builtins = [Path(line).stem for line in (installed.modules / "modules.builtin").read_text().splitlines()]
    at = ["-b", str(installed.root), "-k", installed.version]
    for words in ([*modules, *builtins], asked, ["symbol:crc16", "nosuch", "", "pci:v[", "a]", "x.ko"]):
        for options in ([], ["-m"], ["-n"], ["-0", "-p"]):
            assert mine(*at, *options, *words) == theirs(release, *at, *options, *words)


@pytest.mark.lane
def test_where_the_indexes_are(installed: Tree) -> None:
    version, root = installed.version, str(installed.root)
    for words in (
        ["-k", "9.9.9"],
        ["-b", root],
        ["-b", "nosuch", "-k", version],
        ["-b", root + "/", "-k", version],
    ):
        assert mine(*words, "-n", "ext4") == theirs(34, *words, "-n", "ext4")
    above, below = os.path.split(root)
    words = ["-b", below, "-k", version, "-n", "ext4"]
    assert ours(*words, tool="modinfo", cwd=above) == theirs(34, *words, cwd=above)
    expected = theirs(34, "-b", root, "-k", version, "ext4")
    assert mine("--sysroot", root, "-k", version, "ext4") == expected


BUILTIN = {
    "bad": b"foo.x=1\0foo.noeq\0foo.=q\0foo.x.y=3\0foo.parm=bad\0foo.last=unterm\0foobar.x=z\0foo.aga=1\0",
    "apart": b"foo.x=1\0foobar.parm=a:desc\0foobar.parmtype=a:int\0foo.y=2",
    "no module": b"foo.x=1\0foo\0foo.y=1\0foobar.a=z",
    "empty strings": b"\0\0foo.z=1\0\0\0foo.y=1\0",
    "empty": b"",
    "absent": None,
}


@pytest.mark.lane
@pytest.mark.parametrize("case", BUILTIN)
def test_damaged_descriptions_of_what_is_built_in(case: str, tmp_path: Path) -> None:
    folder = tmp_path / "lib/modules/1.2.3"
    folder.mkdir(parents=True)
    (folder / "modules.builtin").write_text("kernel/a/foo.ko\nkernel/b/foo-bar.ko\nkernel/c/foobar.ko\n")
    content = BUILTIN[case]
    if content is not None:
        (folder / "modules.builtin.modinfo").write_bytes(content)
    subprocess.run([*kmod34("depmod"), "-b", str(tmp_path), "1.2.3"], check=True, capture_output=True)
    for options in ([], ["-0"], ["-p"], ["-F", "name"], ["-F", "x"], ["-n"]):
        words = ["-b", str(tmp_path), "-k", "1.2.3", *options, "foo", "foo_bar", "foo-bar", "foobar"]
        assert mine(*words) == theirs(34, *words)


MADE = {
    "no value": made.modinfo(b"license=GPL", b"novalue", b"name=x"),
    "empty strings": made.modinfo(b"", b"license=GPL", b"", b"", b"name=x", b""),
    "no end": made.module({".modinfo": b"license=GPL\0name=x"}),
    "nothing": made.modinfo(),
    "bad parameters": made.modinfo(b"parm=nocolon", b"parmtype=ok:int", b"parm=ok:desc", b"parmtype=no"),
    "only types": made.modinfo(b"parmtype=a:int", b"parmtype=b:uint"),
    "only descriptions": made.modinfo(b"parm=a:desc a", b"parm=b:desc b"),
    "order of parameters": made.modinfo(
        b"parmtype=t:int",
        b"parm=d:1",
        b"parm=b:2",
        b"parmtype=b:bool",
        b"parmtype=t:charp",
        b"parm=d:3",
        b"parm=b:4",
    ),
    "empty parameters": made.modinfo(b"parm=:d", b"parmtype=:int", b"parm=x:", b"parmtype=y:", b"parm="),
    "long keys": made.modinfo(b"exactly14chars=3", b"exactly15chars_=2", b"sixteen_chars_xx=4"),
    "empty keys": made.modinfo(b"=x", b"==", b"a==b"),
    "no ascii": made.modinfo(b"author=J\xf6rg", b"desc\xff=caf\xc3\xa9"),
    "newlines": made.modinfo(b"description=line1\nline2\n", b"parm=a:one\ntwo", b"parmtype=a:int"),
    "a file name": made.modinfo(b"filename=/etc/passwd"),
    "a signature": made.modinfo(b"sig_id=fake", b"signer=me"),
    "no section": made.module({".text": b"abc"}),
    "32 bit, big": made.module({".modinfo": b"a=b\0"}, 32, ">"),
    "32 bit, little": made.module({".modinfo": b"a=b\0"}, 32),
    "64 bit, big": made.module({".modinfo": b"a=b\0"}, 64, ">"),
    "text": b"hello, world\n" * 9,
    "six bytes": b"abcdef",
    "four bytes": b"abcd",
    "zero bytes": b"",
    "a start": b"\x7fELFxx",
    "a header": made.modinfo(b"a=b")[:64],
    "class 3": b"\x7fELF\3" + made.modinfo(b"a=b")[5:],
    "byte order 3": b"\x7fELF\2\3" + made.modinfo(b"a=b")[6:],
    "version 0": b"\x7fELF\2\1\0" + made.modinfo(b"a=b")[7:],
    "a start of xz": b"\xfd7zXZ\0",
    "damaged xz": b"\xfd7zXZ\0" + bytes(40),
    "damaged zstd": b"\x28\xb5\x2f\xfd" + bytes(40),
}


@pytest.mark.lane
@pytest.mark.parametrize("case", MADE)
def test_modules_made_by_hand(case: str, tmp_path: Path) -> None:
    path = tmp_path / "made-by.hand.ko"
    path.write_bytes(MADE[case])
    for options in OPTIONS:
        assert mine(*options, str(path)) == theirs(34, *options, str(path))


@pytest.mark.lane
def test_words_that_are_no_module_file(tmp_path: Path) -> None:
    (tmp_path / "folder.ko").mkdir()
    os.mkfifo(tmp_path / "fifo.ko")
    (tmp_path / "null.ko").symlink_to("/dev/null")
    (tmp_path / "module.o").write_bytes(MADE["no value"])
    (tmp_path / "module.ko").write_bytes(MADE["no value"])
    (tmp_path / "link.ko").symlink_to("module.ko")
    names = ["folder.ko", "fifo.ko", "null.ko", "module.o", "nosuch.ko", "./link.ko", "module.ko", ".", "/"]
    for words in (names, ["-m", *names], ["-n", *names], []):
        found = quiet(ours(*words, tool="modinfo", cwd=str(tmp_path)))
        assert found == theirs(34, *words, cwd=str(tmp_path))


@pytest.mark.lane
@pytest.mark.slow
def test_damaged_modules(tmp_path: Path) -> None:
    """600 of them: the verdict is kmod's, wherever kmod lives to give one."""
    chance = random.Random(600)  # noqa: S311 -- a fixed seed
    sources = [path.read_bytes() for name in ("amd64", "armhf", "s390x") for path in smallest(tree(name))]
    path = tmp_path / "damaged.ko"
    different = 0
    for number in range(600):
        path.write_bytes(damaged(sources[number % len(sources)], chance))
        said, other = mine(str(path)), theirs(34, str(path))
        if said != other:
            assert said.status == other.status or (said.status, other.status) in STRICTER
            different += 1
        assert said.status == 0 or COMPLAINT.fullmatch(said.err)
    assert different <= 25


def smallest(tree: Tree) -> list[Path]:
    return sorted(tree.modules.rglob("*.ko"), key=lambda path: path.stat().st_size)[:3]


def damaged(data: bytes, chance: random.Random) -> bytes:
    """``data`` with bytes of the header, the section headers, the signature or anything changed, or cut."""
    copy = bytearray(data)
    end = len(copy)
    places = [range(64), range(end - 760, end), range(end - 4000, end - 740), range(end)]
    for _ in range(chance.randint(1, 5)):
        copy[chance.choice(chance.choice(places))] = chance.randrange(256)
    return bytes(copy[: chance.randrange(end)] if chance.random() < 0.15 else copy)


def documents(*words: str) -> list[dict[str, Any]]:
    """The JSON lines that are printed for ``words``."""
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


@pytest.mark.lane
def test_the_build_id_is_known_although_kmod_34_does_not_print_it() -> None:
    path = next(tree("amd64").modules.rglob("loop.ko"))
    shown = mine("-F", "build-id", str(path)).out
    document = json.loads(mine("--format", "json", str(path)).out)
    assert shown.replace(":", "").strip().lower() == document["build_id"]
    assert "build-id" not in mine(str(path)).out
