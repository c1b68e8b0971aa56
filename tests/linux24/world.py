"""A kernel of 2.4 in a state file, with modules and modules.conf."""

from __future__ import annotations

import os
from pathlib import Path

from pymodutils.linux24.insmod import calls
from pymodutils.linux24.kernel.kernel import Linux24
from tests.linux24.objects import module, written
from tests.linux24.vectors import file
from tests.oracles.modprobe import Said, here


class World:
    """A kernel in a file, modules, and a modules.conf for them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ksyms = folder / "ksyms"
        ksyms.write_bytes(file("i386.ksyms"))
        self.state = str(folder / "k24")
        here("boot", self.state, "--generation", "2.4", "--from", str(ksyms), tool="kernel")
        written(folder, "base", module(exports=["call"]))
        written(folder, "user", module(imports=["call"]))
        written(folder, "alone", module(data={"speed": bytes(4)}, info={**PARAMETER}))
        lines = [f"{folder}/base.o:", f"{folder}/user.o:\t{folder}/base.o", f"{folder}/alone.o:"]
        (folder / "modules.dep").write_text("\n\n".join(lines) + "\n\n")

    def configured(self, text: str) -> str:
        """The path of a modules.conf with ``text``."""
        path = self.folder / "modules.conf"
        path.write_text(f"depfile={self.folder}/modules.dep\npath[misc]={self.folder}\n{text}\n")
        os.utime(path, (0, 0))  # older than modules.dep
        return str(path)

    def modprobe(self, conf: str, *words: str) -> Said:
        """The result of modprobe with this modules.conf."""
        return here(
            "--backend", f"emulated:{self.state}", "-C", self.configured(conf), *words, tool="modprobe"
        )

    @property
    def loaded(self) -> list[str]:
        """The modules in the kernel, newest first."""
        return calls.module_names(Linux24.open(self.state))


PARAMETER = {"kernel_version": "2.4.32", "license": "GPL", "parm_speed": "i"}
