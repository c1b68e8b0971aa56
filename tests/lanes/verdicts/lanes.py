"""The lanes: a kernel, its command line, and the cases that run there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from pymodutils.kernel.description import Description
from pymodutils.kernel.sources import source
from pymodutils.root import Root
from tests.lanes import qemu, uml
from tests.lanes.verdicts import cases
from tests.lanes.verdicts.emulated import play
from tests.lanes.verdicts.real import Files
from tests.link.modules import LATER, paths
from tests.oracles import kbuild, kernels, trees
from tests.oracles.debian import unpacked


class Lane(NamedTuple):
    """``kernel`` is one of headers.KERNELS; ``files`` are those of cases/, in order."""

    kernel: str
    files: tuple[str, ...]
    cmdline: str = ""

    @property
    def apart(self) -> bool:
        """Whether a module has seven areas, anywhere."""
        return self.kernel in LATER

    def cases(self) -> list[cases.Case]:
        """The cases of the lane."""
        return cases.read(*self.files)


FLAVOURS = {  # of kernels.EVERY
    "cloud": "cloud-amd64",
    "trixie": "trixie",
    "forky": "forky",
    "experimental": "experimental",
}
SOURCES = Path(__file__).with_name("sources")
COMMON = ("basic", "remove", "threads", "elf", "modinfo", "symbols", "relocations", "params", "odd")
LANES = {
    "amd64": Lane(
        "cloud",
        (*COMMON, "percpu", "amd64", "btf", "livepatch", "events", "signatures", "forced"),
        "spectre_v2=on",
    ),
    "later": Lane(
        "trixie",
        ("later", *COMMON, "percpu", "amd64", "btf", "livepatch", "events", "signatures", "forced"),
        "spectre_v2=on",
    ),
    "newest": Lane(
        "forky",
        ("later", *COMMON, "percpu", "amd64", "btf", "livepatch", "events", "signatures", "forced"),
        "spectre_v2=on",
    ),
    "uml": Lane("uml", (*COMMON, "patience", "forced")),
    "enforced": Lane("cloud", ("enforced",), "module.sig_enforce=1"),
    "lenient": Lane("cloud", ("lenient", "last")),
    "blacklist": Lane("cloud", ("blacklist",), "module_blacklist=plain,,other,exporter"),
    "nomodule": Lane("cloud", ("nomodule",), "nomodule"),
    "lockdown": Lane("cloud", ("lockdown",), "lockdown=integrity"),
}


def built(kernel: str) -> Path:
    """The folder of the modules built from sources/; raises Unavailable."""
    return kbuild.modules(sorted(SOURCES.iterdir()), kernel)


def real(lane: Lane) -> Any:
    """The results of the real kernel; raises Unavailable, or RuntimeError if it crashed."""
    modules = built(lane.kernel)
    own = paths(lane.kernel)
    tree = [own[name] for name in sorted(cases.files(lane.cases()))]
    call = ("tests.lanes.verdicts.real:main", lane.files, str(modules), [str(path) for path in tree])
    if lane.kernel == "uml":
        return uml.run(*call, seconds=900)
    image, cpu = (
        kernels.kernel(FLAVOURS[lane.kernel]).image,
        "max" if lane.kernel == "cloud" else qemu.LATER_CPU,
    )
    cmdline = f"nokaslr {lane.cmdline}"
    return qemu.run(*call, files=[modules, *tree], image=image, cpu=cpu, cmdline=cmdline, seconds=900)


def emulated(lane: Lane, state: str) -> Any:
    """The results of the emulated kernel in the file ``state``."""
    return play(describe(lane.kernel), state, lane.cmdline, lane.cases(), files(lane.kernel))


def in_process(lane: Lane, chosen: list[cases.Case]) -> Any:
    """The results of the real kernel for the ``chosen`` cases, in this process."""
    from tests.lanes.verdicts import booted  # noqa: PLC0415 -- guests have no unicorn

    return booted.play(kernels.kernel(FLAVOURS[lane.kernel]).image, lane.cmdline, chosen, files(lane.kernel))


def files(kernel: str) -> Files:
    """The modules named in cases."""
    return Files(str(built(kernel)), [str(path) for path in paths(kernel).values()])


def describe(kernel: str) -> Description:
    """The description of a kernel, from all its packages."""
    return source.describe([str(path) for path in _sources(kernel)], Root())


def _sources(kernel: str) -> tuple[Path, ...]:
    if kernel == "uml":
        package = unpacked("user-mode-linux") / "usr"
        config = package / "share/doc/user-mode-linux/config.gz"
        return (package / "bin/linux.uml", config, trees.tree("uml").modules)
    cloud = kernels.kernel(FLAVOURS[kernel])
    return (cloud.image, cloud.headers, cloud.modules)
