"""Patch a linked module, if requested at boot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.load.load_info import LoadInfo

WANTED: Final = "patch"  # the setting
SORTS_PAIRS_SINCE: Final = (6, 9)
ALONE: Final = ("nosmp", "maxcpus=0", "maxcpus=1", "nr_cpus=1")  # words of the command line


def finalize(load: LoadInfo) -> None:
    """Apply the patches that depend only on the module itself."""
    if not load.state.setting(WANTED):
        return
    from pymodutils.arch.patch import RunningKernel  # noqa: PLC0415 -- few ask for it
    from pymodutils.link import patch  # noqa: PLC0415 -- the same

    rules = load.rules
    kernel = RunningKernel(
        one_cpu=not rules.on("SMP") or any(word in ALONE for word in rules.cmdline.split()),
        sorts_pairs=rules.since(*SORTS_PAIRS_SINCE),
        static_keys=load.state.static_keys(),
    )
    patch.apply(load.image, load.values, kernel)
