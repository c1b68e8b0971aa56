"""Index files, compared byte by byte with kmod's, and read by kmod."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pymodutils.depends.trie import Index, build
from pymodutils.depends.trie.writer import Order
from pymodutils.names import normalize, normalize_alias, of_path
from tests.oracles.kmod import kmod30, kmod34
from tests.oracles.trees import Tree, linked, tree

pytestmark = [pytest.mark.lane, pytest.mark.slow]

Entries = list[tuple[bytes, bytes, int]]
ORDERS: dict[Order, Callable[[str], list[str]]] = {"post": kmod30, "pre": kmod34}
NAMES = ["dep", "alias", "symbols", "builtin", "builtin.alias"]


class Database(NamedTuple):
    """A tree indexed by one of the kmods."""

    tree: Tree
    order: Order
    kmod: Callable[[str], list[str]]

    def modprobe(self, *words: str) -> list[str]:
        command = [
            *self.kmod("modprobe"),
            "-d",
            str(self.tree.root),
            "-S",
            self.tree.version,
            "-C",
            "/dev/null",
        ]
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
        return done.stdout.splitlines()

    def file(self, name: str) -> Path:
        return self.tree.modules / f"modules.{name}"


@pytest.fixture(scope="module", params=list(ORDERS))
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Database:
    kmod = ORDERS[request.param]
    copy = linked(tree("amd64"), tmp_path_factory.mktemp(request.param))
    subprocess.run([*kmod("depmod"), "-b", copy.root, copy.version], check=True)
    return Database(copy, request.param, kmod)


def entries(database: Database, name: str) -> Entries:
    """The entries of modules.NAME.bin, from the corresponding text files."""
    read = {
        "dep": dep,
        "alias": aliases,
        "symbols": aliases,
        "builtin": builtin,
        "builtin.alias": builtin_aliases,
    }
    return [(key.encode(), text.encode(), at) for key, text, at in read[name](database, name)]


def dep(database: Database, _: str) -> Iterator[tuple[str, str, int]]:
    for at, line in enumerate(database.file("dep").read_text().splitlines()):
        yield of_path(line.partition(":")[0]), line, at


def aliases(database: Database, name: str) -> Iterator[tuple[str, str, int]]:
    position = {module: at for module, _, at in dep(database, name)}
    for line in database.file(name).read_text().splitlines():
        if line.startswith("alias "):
            alias, module = line.removeprefix("alias ").rsplit(" ", 1)
            yield alias if name == "symbols" else normalize_alias(alias), module, position[module]


def builtin(database: Database, _: str) -> Iterator[tuple[str, str, int]]:
    for line in database.file("builtin").read_text().splitlines():
        yield of_path(line), "", 0


def builtin_aliases(database: Database, _: str) -> Iterator[tuple[str, str, int]]:
    for entry in database.file("builtin.modinfo").read_text().split("\0"):
        if found := re.fullmatch(r"(.*?)\.alias=(.*)", entry):
            yield normalize_alias(found[2]), normalize(found[1]), 0


@pytest.mark.parametrize("name", NAMES)
def test_every_byte_is_kmods(database: Database, name: str) -> None:
    assert build(entries(database, name), order=database.order) == database.file(f"{name}.bin").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_kmods_own_files_are_whole(database: Database, name: str) -> None:
    index = Index.open(str(database.file(f"{name}.bin")))
    index.check()
    expected = sorted((key.decode(), text.decode()) for key, text, _ in entries(database, name))
    assert sorted(index.items()) == expected
    assert all(index.get(key) is not None for key, _ in expected[::37])


def test_the_whole_configuration_is_listed_in_kmods_order(database: Database) -> None:
    listed = [line for line in database.modprobe("-c") if line.startswith("alias ")]
    ours = [
        f"alias {key} {text}"
        for name in ("alias", "symbols")
        for key, text in Index.open(str(database.file(f"{name}.bin"))).items()
    ]
    assert listed == ours


def test_real_aliases_resolve_as_kmod_does(database: Database) -> None:
    index = Index.open(str(database.file("alias.bin")))
    patterns = [key for key, _ in index.items() if "*" in key and "[" not in key]
    for pattern in patterns[::1500]:
        name = pattern.replace("*", "0").replace("?", "1")
        assert index.search(name) == database.modprobe("-R", name)


ALIAS = st.text("ab*?-", min_size=1, max_size=5) | st.sampled_from(
    ["a[ab]*", "a[!b]b", "*[^a]", "[a-b]?", "a*b*"]
)
MODULES = st.sampled_from(["m", "n", "o", "p"])


@pytest.fixture(scope="module", params=list(ORDERS))
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Database:
    folder = Tree(tmp_path_factory.mktemp("small"), "1.0")
    folder.modules.mkdir(parents=True)
    (folder.modules / "modules.order").touch()
    (folder.modules / "modules.builtin").write_text("kernel/a.ko\n")
    for name in ("dep", "symbols", "builtin", "builtin.alias"):
        (folder.modules / f"modules.{name}.bin").write_bytes(build([]))
    return Database(folder, request.param, ORDERS[request.param])


@settings(max_examples=60)
@given(
    st.lists(st.tuples(ALIAS, MODULES, st.integers(0, 2)), min_size=1, max_size=15),
    st.text("ab*-", min_size=1, max_size=5),
)
@example([("*", "n", 2), ("*[^a]", "m", 2)], "-")
def test_kmod_finds_in_our_file_what_we_do(
    small: Database, found: list[tuple[str, str, int]], name: str
) -> None:
    """Including the order, even if the requested name contains wildcards."""
    lines = [(normalize(alias).encode(), module.encode(), at) for alias, module, at in found]
    modules = sorted({(module, f"kernel/{module.decode()}.ko:".encode(), 0) for _, module, _ in lines})
    small.file("alias.bin").write_bytes(build(lines, order=small.order))
    small.file("dep.bin").write_bytes(build(modules, order=small.order))
    asked = normalize(name)
    index = Index.open(str(small.file("alias.bin")))
    assert small.modprobe("-R", asked) == index.search(asked)
    dumped = [line for line in small.modprobe("-c") if line.startswith("alias ")]
    assert dumped == [f"alias {key} {text}" for key, text in index.items()]


@settings(max_examples=40)
@given(st.lists(st.tuples(MODULES, st.text("ab:_", min_size=1, max_size=5)), max_size=15))
def test_generated_keys_are_laid_as_kmod_lays_them(small: Database, found: list[tuple[str, str]]) -> None:
    """Built-in aliases are in the order of modules.builtin.modinfo, grouped by module."""
    found.sort(key=lambda pair: pair[0])
    text = "".join(f"{module}.alias={alias}\0" for module, alias in found)
    small.file("builtin.modinfo").write_text(text)
    subprocess.run([*small.kmod("depmod"), "-b", small.tree.root, small.tree.version], check=True)
    ours = build([(alias.encode(), module.encode(), 0) for module, alias in found], order=small.order)
    assert small.file("builtin.alias.bin").read_bytes() == ours
