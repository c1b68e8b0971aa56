"""modinfo compared with kmod's on Debian's trees."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.commands.modinfo import OPTIONS, files, mine, theirs
from tests.oracles.kmod import kmod34
from tests.oracles.modprobe import ours
from tests.oracles.trees import COMPRESS, Tree, copied, tree

BOTH = pytest.mark.parametrize("release", [30, 34])
each_option = pytest.mark.parametrize("options", OPTIONS, ids=" ".join)


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


@pytest.mark.lane
def test_the_build_id_is_known_although_kmod_34_does_not_print_it() -> None:
    path = next(tree("amd64").modules.rglob("loop.ko"))
    shown = mine("-F", "build-id", str(path)).out
    document = json.loads(mine("--format", "json", str(path)).out)
    assert shown.replace(":", "").strip().lower() == document["build_id"]
    assert "build-id" not in mine(str(path)).out
