"""A made-up laptop with Debian 12's kernel that is to boot Debian 13's: its root and profile.

One of its DKMS modules is built for the old kernel only; the build of the other one is missing.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from tests.oracles import dkms, upgrade
from tests.oracles.debian import Unavailable
from tests.oracles.trees import link

PROFILE = Path(__file__).with_name("laptop.json")
KERNELS = ("6.1", "6.12")  # Debian 12's and 13's
PACKAGE = "v4l2loopback"


class Laptop(NamedTuple):
    """The current and the new release."""

    old: str
    new: str


def main() -> None:
    """Create it in the folder named on the command line, and print its kernels."""
    try:
        print(*make(Path(sys.argv[1])))
    except Unavailable as reason:
        print(f"{reason}: without Debian's archive there is no upgrade to show", file=sys.stderr)
        sys.exit(1)


def make(root: Path) -> Laptop:
    """The laptop below ``root``; raises Unavailable."""
    installed, releases = upgrade.installed(KERNELS)
    for folder in ("boot", "lib/modules"):
        shutil.copytree(installed / folder, root / folder, symlinks=True, copy_function=link)
    found = Laptop(*(releases[name] for name in KERNELS))
    updates = root / "lib/modules" / found.old / "updates/dkms"
    updates.mkdir(parents=True)
    try:
        shutil.copy(dkms.built(f"{PACKAGE}-dkms", "amd64")[PACKAGE], updates)
    except Unavailable as reason:
        print(f"{reason}: the module of DKMS is not built", file=sys.stderr)
    profile = {**json.loads(PROFILE.read_text()), "release": found.old}
    (root / PROFILE.name).write_text(json.dumps(profile))
    return found


if __name__ == "__main__":
    main()
