"""modprobe compared with kmod's on a Debian module tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.depends.trie import build
from tests.commands.modprobe import at
from tests.oracles.modprobe import here, kmod, lay_loaded, loaded_mounts, need_namespaces
from tests.oracles.trees import Tree

BOTH = pytest.mark.parametrize("release", [30, 34])
SOME = 100  # words for one call


@pytest.fixture(scope="session")
def names(amd64: Tree) -> list[str]:
    lines = (amd64.modules / "modules.dep").read_text().splitlines()
    return sorted(Path(line.partition(":")[0]).name.removesuffix(".ko") for line in lines)


@pytest.fixture(scope="session")
def aliases(amd64: Tree) -> list[str]:
    """A thousand aliases as requested by devices and the kernel: patterns with wildcards filled in."""
    lines = [line.split()[1] for line in (amd64.modules / "modules.alias").read_text().splitlines()[1:]]
    chosen = lines[:: len(lines) // 1000]
    return [alias.replace("*", "0").replace("?", "1") for alias in chosen]


@pytest.mark.lane
@pytest.mark.slow
@BOTH
def test_dependencies_of_every_module(amd64: Tree, names: list[str], release: int) -> None:
    assert here(*at(amd64), "-a", "-D", *names) == kmod(release, *at(amd64), "-a", "-D", *names)


@pytest.mark.lane
@pytest.mark.slow
@pytest.mark.parametrize("option", ["-D", "-R"])
def test_a_thousand_aliases(amd64: Tree, aliases: list[str], option: str) -> None:
    theirs = kmod(30, *at(amd64), "-a", option, *aliases)
    assert theirs == kmod(34, *at(amd64), "-a", option, *aliases)
    assert here(*at(amd64), "-a", option, *aliases) == theirs
    assert theirs.out.count("\n") >= len(aliases)


@pytest.mark.lane
@BOTH
def test_the_installed_configuration_and_the_indexes(amd64: Tree, release: int) -> None:
    words = [*at(amd64), "-c"]
    assert here("--compat", str(release), *words) == kmod(release, *words)


@pytest.mark.lane
@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("option", ["--show-modversions", "--show-exports"])
def test_symbols_of_a_hundred_modules(amd64: Tree, release: int, option: str) -> None:
    files = sorted(amd64.modules.rglob("*.ko"))
    for file in files[:: len(files) // SOME]:
        ours, theirs = here(option, str(file)), kmod(release, option, str(file))
        if theirs.status and release < 34:  # it says ENOENT where later ones say ENODATA
            theirs = theirs._replace(err=theirs.err.replace("No such file or directory", "No data available"))
        assert ours == theirs


LOADED = {  # name -> state, use count, holders
    "vfat": ("live", 0, ()),
    "fat": ("live", 2, ("vfat", "msdos")),
    "msdos": ("live", 0, ()),
    "ext4": ("live", 0, ()),
    "jbd2": ("live", 0, ()),
    "mbcache": ("live", 1, ("ext4",)),
    "crc16": ("live", 0, ()),
    "crc7": ("coming", None, ()),
    "loop": ("live", 3, ()),
}
KERNEL_CASES = [
    ["-nv", "vfat"],
    ["-nv", "msdos", "x=1"],
    ["-nv", "crc7"],
    ["-n", "crc7"],
    ["-nv", "btrfs"],
    ["-D", "vfat"],
    ["-nv", "--first-time", "vfat"],
    ["-nv", "--first-time", "crc7"],
    ["-nv", "--first-time", "unix"],
    ["--first-time", "unix"],
    ["unix"],
    ["-rnv", "vfat"],
    ["-rnv", "fat"],
    ["-rnv", "ext4"],
    ["-rnv", "crc7"],
    ["-rnv", "ext2"],
    ["-rnv", "unix"],
    ["-rnv", "nosuch", "vfat"],
    ["-arnv", "nosuch", "fat", "vfat"],
    ["-qrnv", "nosuch", "fat", "vfat"],
    ["-rnv", "loop"],
    ["-rnv", "-w", "10", "loop"],
    ["-rnv", "--first-time", "btrfs"],
    ["-r", "btrfs"],
    ["-rnv", "--remove-holders", "mbcache"],
    ["-rD", "--remove-holders", "ext4"],
    ["-rnv", "-i", "ext4"],
]


@pytest.fixture(scope="session")
def sysroot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A /sys/module and a configuration for LOADED."""
    root = tmp_path_factory.mktemp("sysroot")
    lay_loaded(root, LOADED, "quiet crc7.x=y\n")
    return root


@pytest.mark.lane
@BOTH
@pytest.mark.parametrize("words", KERNEL_CASES, ids=" ".join)
def test_what_is_loaded_counts(amd64: Tree, sysroot: Path, words: list[str], release: int) -> None:
    need_namespaces()
    asked = [*at(amd64), "-C", "/nonexistent", *words]
    assert here("--sysroot", str(sysroot), *asked) == kmod(release, *asked, mounts=loaded_mounts(sysroot))


def test_an_install_line_is_kept_beside_a_soft_dependency(tmp_path: Path) -> None:
    modules = tmp_path / "lib/modules/1.0"
    modules.mkdir(parents=True)
    (modules / "modules.dep.bin").write_bytes(build([(b"a", b"kernel/a.ko:", 0), (b"b", b"kernel/b.ko:", 1)]))
    (tmp_path / "c.conf").write_text("install a /bin/false\nsoftdep a pre: b\n")
    words = ["-d", str(tmp_path), "-S", "1.0", "-C", str(tmp_path / "c.conf"), "-D", "a"]
    assert here(*words).out == f"insmod {modules}/kernel/b.ko \ninstall /bin/false \n"
    lost = here("--compat", "34", *words)
    assert lost.out == f"insmod {modules}/kernel/b.ko \ninsmod {modules}/kernel/a.ko \n"


SOFT_CASES = [
    ("softdep mbcache pre: fat\n", ["-rnv", "--remove-holders", "mbcache"]),
    ("softdep mbcache post: fat\n", ["-rnv", "--remove-holders", "mbcache"]),
    ("softdep ext4 pre: fat\n", ["-rnv", "--remove-holders", "mbcache"]),
    ("softdep ext4 post: fat\n", ["-rnv", "--remove-holders", "mbcache"]),
    ("softdep mbcache pre: fat\n", ["-rnv", "mbcache"]),
    ("softdep crc7 pre: fat post: mbcache\n", ["-rnv", "--remove-holders", "crc7"]),
]


@pytest.mark.lane
@BOTH
@pytest.mark.parametrize("case", SOFT_CASES)
def test_holders_of_soft_dependencies(
    amd64: Tree, sysroot: Path, tmp_path: Path, case: tuple[str, list[str]], release: int
) -> None:
    need_namespaces()
    text, words = case
    (tmp_path / "soft.conf").write_text(text)
    asked = [*at(amd64), "-C", str(tmp_path), *words]
    assert here("--sysroot", str(sysroot), *asked) == kmod(release, *asked, mounts=loaded_mounts(sysroot))
