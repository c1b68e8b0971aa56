"""Images edited for --force, compared by pyelftools."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given, settings
from hypothesis import strategies as st

from pymodutils.errors import BadModule
from pymodutils.kernel.base import Init
from pymodutils.kernel.force import stripped
from tests.oracles import trees

BOTH = Init.IGNORE_MODVERSIONS | Init.IGNORE_VERMAGIC
pytestmark = pytest.mark.lane


def module(tree: str, path: str) -> bytes:
    return Path(trees.tree(tree).modules / "kernel" / path).read_bytes()


@pytest.fixture(params=["amd64", "armhf", "s390x"])
def image(request: pytest.FixtureRequest) -> bytes:
    """A module with versions: 64 bit, 32 bit, and big endian."""
    return module(request.param, "drivers/net/dummy.ko")


def modinfo(image: bytes) -> list[bytes]:
    section = ELFFile(io.BytesIO(image)).get_section_by_name(".modinfo")
    assert section is not None
    return [entry for entry in section.data().split(b"\0") if entry]


def allocated(image: bytes) -> dict[str, bool]:
    return {s.name: bool(s["sh_flags"] & 2) for s in ELFFile(io.BytesIO(image)).iter_sections()}


def changed(before: bytes, after: bytes) -> int:
    assert len(before) == len(after)
    return sum(a != b for a, b in zip(before, after, strict=True))


def test_no_flag_no_copy(image: bytes) -> None:
    assert stripped(image, Init.NONE, "x") is image
    assert stripped(image, Init.COMPRESSED_FILE, "x") is image


def test_versions_are_no_longer_to_be_loaded(image: bytes) -> None:
    after = stripped(image, Init.IGNORE_MODVERSIONS, "x")
    was, now = allocated(image), allocated(after)
    assert {name for name in was if was[name] != now[name]} == {"__versions"}
    assert changed(image, after) == 1


def test_only_the_vermagic_entry_is_gone(image: bytes) -> None:
    after = stripped(image, Init.IGNORE_VERMAGIC, "x")
    gone = [entry for entry in modinfo(image) if entry not in modinfo(after)]
    assert [entry[:9] for entry in gone] == [b"vermagic="]
    assert [entry for entry in modinfo(image) if entry not in gone] == modinfo(after)
    assert changed(image, after) == len(gone[0])


def test_both_at_once(image: bytes) -> None:
    after = stripped(image, BOTH, "x")
    assert changed(image, after) == 1 + len(next(e for e in modinfo(image) if e.startswith(b"vermagic=")))


def test_no_versions_is_nothing_to_do() -> None:
    image = module("uml", "drivers/net/dummy.ko")
    assert stripped(image, Init.IGNORE_MODVERSIONS, "x") == image


def test_no_vermagic_is_an_error() -> None:
    image = module("uml", "drivers/net/dummy.ko").replace(b"\0vermagic=", b"\0vermageek")
    with pytest.raises(BadModule, match=r"dummy\.ko has no vermagic to ignore"):
        stripped(image, Init.IGNORE_VERMAGIC, "dummy.ko")


def test_an_entry_that_only_ends_so_is_not_it() -> None:
    image = module("uml", "drivers/net/dummy.ko").replace(b"\0license=", b"\0vermagic", 1)
    assert b"vermagicGPL v2" in modinfo(image) or b"vermagicGPL" in modinfo(image)
    assert changed(image, stripped(image, Init.IGNORE_VERMAGIC, "x")) == len(b"vermagic=6.1.176 mod_unload ")


@settings(max_examples=300)
@given(st.data())
def test_damaged_images_are_edited_or_refused(data: st.DataObject) -> None:
    image = bytearray(module("amd64", "drivers/net/dummy.ko"))
    start = int.from_bytes(image[40:48], "little")
    places = st.one_of(st.integers(0, 63), st.integers(start, len(image) - 1), st.integers(0, len(image) - 1))
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        image[place] = value
    del image[data.draw(st.sampled_from([len(image), len(image) // 2, 64, 63, 0])) :]
    try:
        after = stripped(bytes(image), BOTH, "x")
    except BadModule:
        return
    assert len(after) == len(image)
