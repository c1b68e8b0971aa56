"""Write a small module with a bug, its test and a kernel into the given folder."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

from tests.oracles import debian, kbuild
from tests.oracles.debian import Unavailable

SOURCE: Final = Path(__file__).parent.parent / "tests/machine/modules/buggy.c"
TEST: Final = """\
def test_sound(module):
    assert module.call("sound", 10) == 10


def test_write(module):
    module.call("write_after_end", 10)
"""


def main() -> int:
    """Fetch the kernel, build the module; print the reason and return 1 if that is impossible."""
    folder = Path(sys.argv[1])
    try:
        module = kbuild.module(SOURCE, "cloud", kbuild.DEBUG)
        image = next(debian.unpacked(debian.newest("linux-image-cloud-amd64")).glob("boot/vmlinuz-*"))
    except Unavailable as error:
        print(f"# not shown: {error}")
        return 1
    folder.mkdir()
    shutil.copy(module, folder)
    shutil.copy(SOURCE, folder)
    (folder / "vmlinuz").symlink_to(image)
    (folder / "test_buggy.py").write_text(TEST)
    return 0


if __name__ == "__main__":
    sys.exit(main())
