"""Lines of code, as counted in the talk, and here."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

TALK: Final = {  # user space and kernel, without machine-specific code; from the talk
    "old way": ("7,103", "1,284"),
    "new way": ("15", "1,157 + 130 (i386) to 875 (ia64)"),
    "shared object": ("15", "about 500 less for ia64"),
}
OURS: Final = {  # the corresponding folders and files here
    "old way": (("linux24/insmod", "linux24/obj", "linux24/machine"), ("linux24/kernel",)),
    "new way": ((), ("kernel/emulated/load", "link")),
    "shared object": ((), ("dyn",)),
}


def ours(way: str) -> tuple[int, int]:
    """Lines of Python here for ``way``: user space and kernel."""
    user, kernel = OURS[way]
    return sum(map(_lines, user)), sum(map(_lines, kernel))


def _lines(folder: str) -> int:
    return _count(files("pymodutils").joinpath(*folder.split("/")))


def _count(place: Traversable) -> int:
    if place.is_file():
        return len(place.read_text("utf-8").splitlines()) if place.name.endswith(".py") else 0
    return sum(_count(each) for each in place.iterdir())
