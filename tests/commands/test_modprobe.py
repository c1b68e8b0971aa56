"""modprobe as a user sees it, beside kmod's on a Debian module tree."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.oracles.kmod import kmod34
from tests.oracles.modprobe import here, kmod
from tests.oracles.trees import Tree, linked, tree

BOTH = pytest.mark.parametrize("release", [30, 34])
SOME = 100  # words for one call


@pytest.fixture(scope="session")
def amd64(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Debian's amd64 tree with the indexes that kmod 34 makes for it."""
    made = linked(tree("amd64"), tmp_path_factory.mktemp("amd64"))
    subprocess.run([*kmod34("depmod"), "-b", str(made.root), made.version], check=True)
    return made


@pytest.fixture(scope="session")
def names(amd64: Tree) -> list[str]:
    lines = (amd64.modules / "modules.dep").read_text().splitlines()
    return sorted(Path(line.partition(":")[0]).name.removesuffix(".ko") for line in lines)


@pytest.fixture(scope="session")
def aliases(amd64: Tree) -> list[str]:
    """A thousand aliases as devices and the kernel ask for them: patterns with their wildcards filled."""
    lines = [line.split()[1] for line in (amd64.modules / "modules.alias").read_text().splitlines()[1:]]
    chosen = lines[:: len(lines) // 1000]
    return [alias.replace("*", "0").replace("?", "1") for alias in chosen]


def at(where: Tree) -> list[str]:
    """The words that lead modprobe to a tree."""
    return ["-d", str(where.root), "-S", where.version]


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
