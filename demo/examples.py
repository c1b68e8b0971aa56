"""Write a small description of each image into demo/try: ``python -m demo.examples IMAGE...``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pymodutils.kernel import saved
from pymodutils.kernel.sources import source
from pymodutils.root import Root

if TYPE_CHECKING:
    from pymodutils.kernel.description import Description

FOLDER: Final = Path(__file__).parent / "try"
KEPT: Final = ("kmalloc", "kfree", "krealloc", "module_", "_printk", "param_", "__fentry__", "__x86_return")


def reduced(kernel: Description, names: list[str]) -> Description:
    """``kernel`` with the exports that small modules use; without built-in modules, BTF and kallsyms."""
    exports = {name: export for name, export in kernel.exports.items() if name.startswith(KEPT)}
    return kernel._replace(exports=exports, builtins=(), sources=tuple(names), btf=None, kallsyms=None)


def main() -> None:
    """Write a file for each image, named after its release: 6.1.json."""
    for image in sys.argv[1:]:
        kernel = reduced(source.describe([image], Root()), [os.path.basename(image)])
        path = FOLDER / f"{'.'.join((kernel.release or '').split('.')[:2])}.json"
        path.write_text(saved.dumps(kernel))


if __name__ == "__main__":
    main()
