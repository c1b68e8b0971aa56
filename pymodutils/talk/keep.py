"""The modules of the talk and descriptions of its kernels in a directory, for tools to work on."""

from __future__ import annotations

import os
from typing import Final

from pymodutils.arch.sparc import SPARC64
from pymodutils.arch.x86 import I386
from pymodutils.kernel import saved
from pymodutils.talk import ways

VERSIONED: Final = "6.1.0 SMP mod_unload modversions "  # of a kernel that none of the modules is for


def keep(folder: str) -> list[str]:
    """Make ``folder`` and write them; the names of the files."""
    os.makedirs(folder, exist_ok=True)
    kernel = ways.description(I386)
    switches = {**kernel.switches, "MODULE_FORCE_LOAD": True, "MODULE_FORCE_UNLOAD": True}
    versions = kernel._replace(vermagic=VERSIONED, switches={**switches, "MODVERSIONS": True})
    contents = {
        "hello.o": ways.module(ways.OLD),
        "hello.ko": ways.module(ways.NEW),
        "hello.klm": ways.module(ways.SHARED),
        "hello-sparc64.ko": ways.module(ways.SPARC),
        "ksyms": f"{ways.PRINTK:08x} printk\n".encode(),
        "k26.json": saved.dumps(kernel._replace(switches=switches)).encode(),
        "versions.json": saved.dumps(versions).encode(),
        "sparc64.json": saved.dumps(ways.description(SPARC64)).encode(),
    }
    for name, content in contents.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
    return list(contents)
