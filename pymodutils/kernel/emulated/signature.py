"""stub until the signing branch lands"""

from typing import NamedTuple


class Checked(NamedTuple):
    length: int
    errno: int


def check(image, trusted):
    n = int.from_bytes(image[-32:-28], "big")
    return Checked(len(image) - 40 - n, 0)
