"""All modules of Debian's kernels in emulated ones."""

from __future__ import annotations

from collections import Counter
from errno import EAGAIN, EBUSY, ENOEXEC
from typing import Any

import pytest

from pymodutils.names import of_path
from tests.kernel.emulated import whole
from tests.lanes import qemu, uml
from tests.link.modules import in_order, paths
from tests.oracles import kernels, trees

pytestmark = [pytest.mark.slow, pytest.mark.lane]
COUNTS = {"amd64": 4000, "cloud": 1100, "uml": 900}  # modules that there are at least
PEAK = 500  # MiB
DISAGREES = "disagrees about version of symbol module_layout"
FOREIGN = ("crc7", "fat", "dummy", "tun", "loop", "xfs")  # without needs but of built-in ones


@pytest.mark.parametrize("tree", COUNTS)
def test_every_module_loads_into_its_own_kernel(tree: str) -> None:
    """Then removed, except modules without an exit and their dependencies."""
    found = whole.run(tree, tree)
    assert found["refused"] == {}
    assert len(found["names"]) == len(paths(tree)) > COUNTS[tree]
    permanent = whole.permanent(paths(tree).values())
    assert set(found["kept"]) == {of_path(str(path)) for path in in_order(tree, permanent)}
    assert {name for name, errno in found["kept"].items() if errno == EBUSY} <= permanent
    assert set(found["kept"].values()) == {EBUSY, EAGAIN}
    assert sorted(found["left"]) == sorted(found["kept"])
    assert found["peak"] <= PEAK


@pytest.mark.parametrize("tree", ["uml", "cloud"])
def test_the_real_kernel_has_the_same_modules(tree: str) -> None:
    """The refused modules, and /proc/modules with all loaded (without functions), except addresses."""
    files = in_order(tree, paths(tree))
    call = ("tests.lanes.guest.whole:main", [str(path) for path in files])
    theirs: Any = uml.run(*call, seconds=900) if tree == "uml" else qemu.run(*call, files=files, seconds=900)
    ours = whole.run(tree, tree, "without_init")
    assert len(theirs["modules"].splitlines()) > COUNTS[tree]
    assert {key: ours[key] for key in theirs} == theirs


def test_modules_of_another_kernel() -> None:
    """Cloud modules have another struct module: their CRC of module_layout differs."""
    layouts = {name: kernels.kernel(name).symvers()["module_layout"] for name in ("amd64", "cloud-amd64")}
    assert layouts["amd64"] != layouts["cloud-amd64"]
    found = whole.run("amd64", "cloud")
    assert len(found["refused"]) == len(paths("cloud"))
    rows = found["refused"].items()
    said = Counter(
        (errno, *(line.replace(name, "NAME", 1) for line in lines)) for name, (errno, lines) in rows
    )
    assert said == {(ENOEXEC, f"NAME: {DISAGREES}"): len(paths("cloud"))}
    files = [paths("cloud")[name] for name in FOREIGN]
    image = next((trees.tree("amd64").root / "boot").glob("vmlinuz-*"))
    call = ("tests.lanes.guest.whole:main", [str(path) for path in files])
    theirs = qemu.run(*call, files=files, image=image)
    assert theirs["refused"] == {name: found["refused"][name] for name in FOREIGN}
