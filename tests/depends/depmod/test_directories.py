"""Directories of depmod's configuration; depmod.d(5) of kmod 30 and 34."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.depends.depmod import config
from pymodutils.log import Log
from pymodutils.root import Root

OLD = ["/etc/depmod.d", "/run/depmod.d", "/usr/local/lib/depmod.d", "/lib/depmod.d"]
NEW = ["/etc/depmod.d", "/run/depmod.d", "/usr/local/lib/depmod.d", "/usr/lib/depmod.d", "/lib/depmod.d"]


@pytest.mark.parametrize(("compat", "places"), [(30, OLD), (31, OLD), (32, NEW), (34, NEW)])
def test_usr_is_searched_since_32(compat: int, places: list[str], tmp_path: Path) -> None:
    assert config.directories(Root(), compat) == places
    assert config.directories(Root(str(tmp_path)), compat) == [f"{tmp_path}{place}" for place in places]


def test_files_are_sorted_by_name_and_the_first_of_a_name_counts(tmp_path: Path) -> None:
    for path, place in {"one/b.conf": "b1", "two/a.conf": "a2", "two/b.conf": "b2", "one/c": "no"}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(f"search {place}\n")
    paths = [str(tmp_path / name) for name in ("one", "none", "two")]
    found = config.read(paths, "6.1", Log("depmod"), Root())
    assert found.searches == ("a2", "b1")
    assert found.files == (f"{tmp_path}/two/a.conf", f"{tmp_path}/one/b.conf")
    assert config.read([], "6.1", Log("depmod"), Root()).searches == ("updates",)
