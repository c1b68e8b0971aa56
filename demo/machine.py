"""Make the folder named on the command line look like a machine with Debian's kernel; say what it has."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.oracles.trees import linked, tree

SETTLED = 3  # seconds until depmod trusts the times of files that were just made
CONFIG = """\
# Somebody's configuration
options e1000e IntMode=1
softdep vfat pre: nls_utf8 nls_cp437
blacklist pcspkr
"""


def main() -> None:
    """Print the release and the number of modules."""
    root = Path(sys.argv[1])
    found = linked(tree("amd64"), root)
    (root / "etc/modprobe.d").mkdir(parents=True)
    (root / "etc/modprobe.d/demo.conf").write_text(CONFIG)
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/sys/kernel/osrelease").write_text(f"{found.version}\n")
    (root / "proc/modules").touch()
    (root / "sys/module").mkdir(parents=True)
    time.sleep(SETTLED)
    print(found.version, len(list(found.modules.rglob("*.ko"))))


if __name__ == "__main__":
    main()
