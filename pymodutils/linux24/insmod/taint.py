"""Taint the kernel because of the licence of a module, or -f."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.linux24.obj import modinfo

if TYPE_CHECKING:
    from pymodutils.linux24.insmod.calls import SystemCalls
    from pymodutils.linux24.insmod.options import InsmodOptions
    from pymodutils.linux24.insmod.report import RunMessages
    from pymodutils.linux24.obj.file import ObjFile

TAINTED: Final = "/proc/sys/kernel/tainted"
PROPRIETARY, FORCED = 1, 2  # taint bits
URL: Final = "http://www.tux.org/lkml/#export-tainted"


def check_tainted_module(
    kernel: SystemCalls, module: ObjFile, options: InsmodOptions, report: RunMessages
) -> None:
    """Warn about each reason, and set its bit unless nothing is loaded."""
    licence = modinfo.licence(module)
    reasons = []
    if licence is None:
        reasons.append((PROPRIETARY, "no license"))
    elif not modinfo.is_gpl(module):
        reasons.append((PROPRIETARY, f"non-GPL license - {licence}"))
    if options.force:
        reasons.append((FORCED, "forced load"))
    for at, (bit, why) in enumerate(reasons):
        report.warn(f"Warning: loading {module.path} will taint the kernel: {why}")
        if not at:
            report.say(f"  See {URL} for information about tainted modules")
        if not options.noload:
            now = int(kernel.read(TAINTED) or b"0")
            kernel.write(TAINTED, b"%d\n" % (now | bit))
