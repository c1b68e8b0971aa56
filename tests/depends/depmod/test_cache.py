"""depmod with a cache writes what it writes without one."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from pymodutils import __version__
from pymodutils.depends.depmod import cache_file
from tests.depends.depmod.cases import ODD
from tests.depends.depmod.compare import KMODS, Outcome, database, erased, in_process, made_by, ours
from tests.depends.depmod.made import module, place
from tests.oracles.trees import Tree
from tests.server import answer

NAMES = [f"kernel/m{at}.ko" for at in range(12)]


def some_module(rng: random.Random) -> bytes:
    numbers = [rng.randrange(40) for _ in range(3)]
    return module(
        info=[b"alias=a%02d" % numbers[0], b"softdep=pre: m%02d" % numbers[1]],
        exports={b"s%02d" % numbers[0]: 1},
        needs=[b"s%02d" % max(numbers[0] + 1, numbers[2])],
    )


def age(path: Path) -> None:
    """Postdate the start of the cache's run, so that all stamps are old enough."""
    old = cache_file.load(str(path), __version__)
    assert old
    cache_file.save(str(path), old._replace(since=old.since + 10**10), __version__)


class Changes:
    """Changes of a tree."""

    def __init__(self, tree: Tree, rng: random.Random) -> None:
        self.tree, self.rng = tree, rng

    def path(self) -> Path:
        return self.tree.modules / self.rng.choice(NAMES)

    def replace(self) -> None:
        new = self.tree.modules / "new"
        new.write_bytes(some_module(self.rng))
        new.replace(self.path())

    def delete(self) -> None:
        self.path().unlink(missing_ok=True)

    def edit_in_place_with_the_old_date(self) -> None:
        path = self.path()
        if path.exists():
            status, data = path.stat(), path.read_bytes()
            with path.open("r+b") as file:
                file.write(data.replace(b"alias=a1", b"alias=a3").replace(b"alias=a2", b"alias=a1"))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def swap(self) -> None:
        first, second = self.path(), self.path()
        if first.exists() and second.exists() and first != second:
            middle = self.tree.modules / "middle"
            first.replace(middle)
            second.replace(first)
            middle.replace(second)

    def reorder(self) -> None:
        names = self.rng.sample(NAMES, len(NAMES))
        (self.tree.modules / "modules.order").write_text("".join(f"{name}\n" for name in names))

    def duplicate(self) -> None:
        path = self.tree.modules / self.rng.choice(["updates", "extra"]) / self.path().name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(some_module(self.rng))

    def spoil_the_database(self) -> None:
        path = self.tree.modules / self.rng.choice(["modules.dep", "modules.alias.bin", "modules.devname"])
        if path.exists():
            path.write_bytes(path.read_bytes()[:-1] + b"!")

    def damage(self) -> None:
        self.path().write_bytes(b"\x7fELF damaged")

    def nothing(self) -> None:
        pass

    def any(self) -> None:
        changes = [
            *(self.replace, self.delete, self.edit_in_place_with_the_old_date, self.swap, self.reorder),
            *(self.duplicate, self.spoil_the_database, self.damage, self.nothing, self.nothing),
        ]
        self.rng.choice(changes)()


def fresh(tree: Tree, *words: str) -> Outcome:
    return made_by(ours(), tree, *words)


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize("seed", range(2))
def test_any_sequence_of_changes(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)  # noqa: S311
    tree = place(tmp_path / "tree", {name: some_module(rng) for name in NAMES})
    kept, changes = tmp_path / "cache", Changes(tree, rng)
    for _ in range(10):
        remembered = made_by(ours(), tree, "--cache", str(kept), clear=False)
        again = made_by(ours(), tree, "--cache", str(kept), clear=False)
        scratch = fresh(tree)
        theirs = made_by(KMODS["34"]("depmod"), tree)
        if not theirs.status:  # else there is a cycle, and the database stays as it was
            assert remembered.files == again.files == scratch.files == theirs.files
        assert remembered.status == scratch.status == theirs.status
        fresh(tree)
        if kept.exists():
            age(kept)
        for _ in range(rng.randrange(1, 3)):
            changes.any()


def test_a_damaged_cache_is_no_cache(tmp_path: Path) -> None:
    tree = place(tmp_path / "tree", {name: module(exports={name[-5:].encode(): 1}) for name in NAMES})
    expected = fresh(tree).files
    kept = tmp_path / "cache"
    made_by(ours(), tree, "--cache", str(kept))
    whole = kept.read_bytes()
    for at in (0, 40, 50, 60, 120, len(whole) // 2, len(whole) - 3):
        data = bytearray(whole)
        data[at] ^= 0x41
        kept.write_bytes(data)
        assert made_by(ours(), tree, "--cache", str(kept)).files == expected
    kept.write_bytes(whole[:100])
    assert made_by(ours(), tree, "--cache", str(kept)).files == expected


def forge(path: Path, old: bytes, new: bytes) -> None:
    """Replace ``old`` facts in the cache by ``new`` ones, with a correct checksum."""
    contents = cache_file.load(str(path), __version__)
    assert contents
    assert old in contents.body
    cache_file.save(str(path), contents._replace(body=contents.body.replace(old, new)), __version__)


def test_a_cache_of_another_size_or_version_is_not_believed(tmp_path: Path) -> None:
    tree = place(tmp_path / "tree", {"kernel/a.ko": module(info=[b"alias=true"])})
    kept, words = tmp_path / "cache", ["-b", str(tmp_path / "tree"), "6.1.0-made"]
    in_process("34", tree, ["--cache", str(kept), *words])
    age(kept)
    forge(kept, b"true", b"lies")
    whole, contents = kept.read_bytes(), cache_file.load(str(kept), __version__)
    assert contents
    assert cache_file.load(str(kept), "0.0") is None
    for data in (whole + b"\0", whole[:-1], whole):
        kept.write_bytes(data)
        believed = data == whole
        assert (cache_file.load(str(kept), __version__) is not None) == believed
        aliases = in_process("34", tree, ["--cache", str(kept), *words]).files["modules.alias"]
        assert (b"lies" in aliases) == believed


@pytest.mark.parametrize("name", ["modules.dep", "modules.alias.bin", "modules.devname", "modules.symbols"])
@pytest.mark.parametrize("dated", [False, True])
def test_a_database_that_somebody_has_changed_is_written_again(
    name: str, dated: bool, tmp_path: Path
) -> None:
    tree, kept = place(tmp_path / "tree", ODD), tmp_path / "cache"
    words = ["--cache", str(kept), "-b", str(tmp_path / "tree"), tree.version]
    expected = made_here(tree, words)
    path = tree.modules / name
    before = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    if dated:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert made_here(tree, words, clear=False) == expected


@pytest.mark.parametrize("changed", ODD)
def test_what_is_remembered_of_all_others_is_whole(changed: str, tmp_path: Path) -> None:
    tree, kept = place(tmp_path / "tree", ODD), tmp_path / "cache"
    words = ["--cache", str(kept), "-b", str(tmp_path / "tree"), tree.version]
    in_process("34", tree, words)
    age(kept)
    (tree.modules / changed).write_bytes(module(info=[b"alias=new"]))
    remembered = in_process("34", tree, words)
    assert remembered == in_process("34", tree, words[2:])
    assert f"alias new {Path(changed).stem.replace('-', '_')}\n".encode() in remembered.files["modules.alias"]


def made_here(tree: Tree, words: list[str], *, clear: bool = True) -> dict[str, bytes]:
    """The database after a run in this process, whose cache then is old enough to be trusted."""
    if clear:
        erased(tree)
    assert answer("depmod", ["--compat", "34", *words]).status == 0
    age(Path(words[1]))
    return database(tree.modules)


STRANGER = 12345  # a user


@pytest.mark.parametrize(
    ("mode", "owner", "believed"),
    [
        (0o600, None, True),
        (0o400, None, True),
        (0o640, None, False),
        (0o620, None, False),
        (0o604, None, False),
        (0o602, None, False),
        (0o666, None, False),
        (0o600, STRANGER, False),
    ],
)
def test_facts_in_a_cache_that_others_can_write_are_not_believed(
    mode: int, owner: int | None, believed: bool, tmp_path: Path
) -> None:
    if os.geteuid() and owner is not None:
        pytest.skip("giving files away needs root")
    tree = place(tmp_path / "tree", {"kernel/a.ko": module(info=[b"alias=true"])})
    kept = tmp_path / "cache"
    made_by(ours(), tree, "--cache", str(kept))
    age(kept)
    forge(kept, b"true", b"lies")
    kept.chmod(mode)
    if owner is not None:
        os.chown(kept, owner, -1)
    aliases = made_by(ours(), tree, "--cache", str(kept)).files["modules.alias"]
    assert (b"lies" in aliases, b"true" in aliases) == (believed, not believed)
    assert kept.stat().st_mode & 0o777 in {0o600, mode if believed else 0o600}


def test_stamps_are_the_same_from_anywhere(tmp_path: Path) -> None:
    top, outside = tmp_path / "top", tmp_path / "outside"
    top.mkdir()
    (top / "inside").write_text("i")
    outside.write_text("o")
    paths = [f"{top}/inside", f"{top}//inside", f"{top}/", str(top), f"{top}/missing", f"{top}/../outside"]
    paths += str(outside), f"{top}/inside/x"
    known = cache_file.stamps(paths)
    assert known[0] == known[6] == 1
    assert cache_file.stamps(paths, str(top)) == known == cache_file.stamps(paths, str(tmp_path / "missing"))
