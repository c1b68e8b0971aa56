"""Check .modinfo and set taints; kernel/module/main.c: check_modinfo.

Until 6.3 all checks and taints precede the allocation of memory, and taints stay if the load fails later;
since then only refusals do, and the taints follow the reservation of the name.
"""

from __future__ import annotations

from errno import EPERM
from typing import TYPE_CHECKING, Final

from pymodutils.kern_levels import ERR, NOTICE, WARNING
from pymodutils.kernel.base import Init
from pymodutils.kernel.emulated.load.causes import CauseKind
from pymodutils.kernel.emulated.state.taints import Taint

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.emulated.load.load_info import LoadInfo

    Steps = tuple[Callable[[LoadInfo], None], ...]

FREE: Final = (
    *("GPL", "GPL v2", "GPL and additional rights"),
    *("Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"),
)
LIARS: Final = ("driverloader", "lve")  # modules that once declared a wrong licence
MODULE_NAMESPACES_SINCE: Final = (6, 16)
MODULE_PREFIX: Final = "module:"  # prefix of namespaces that list the modules allowed to use them
NDISWRAPPER: Final = "ndiswrapper"  # free itself, but it loads proprietary code


def vermagic(load: LoadInfo) -> None:
    """Refuse a module built for another kernel, unless forced."""
    magic = None if load.flags & Init.IGNORE_VERMAGIC else load.modinfo("vermagic")
    if magic is None:
        if not force(load, "bad vermagic"):
            load.because(CauseKind.VERMAGIC, expected=load.rules.vermagic)
            load.refuse()
    elif not same_magic(
        magic, load.rules.vermagic, with_versions=bool(load.versions) and load.on("MODVERSIONS")
    ):
        load.because(CauseKind.VERMAGIC, found=magic, expected=load.rules.vermagic)
        load.refuse(text=f"{load.name}: version magic '{magic}' should be '{load.rules.vermagic}'")


def same_magic(magic: str, expected: str, *, with_versions: bool) -> bool:
    """Whether two version magics match; the release is ignored if symbols have versions."""
    if with_versions:
        magic, expected = (text[text.find(" ") :] if " " in text else "" for text in (magic, expected))
    return magic == expected


def force(load: LoadInfo, reason: str) -> bool:
    """Permit a fault if the kernel supports forced loads; kernel/module/main.c: try_to_force_load."""
    if not load.on("MODULE_FORCE_LOAD"):
        return False
    if not load.state.tainted(Taint.FORCED_LOAD):
        load.log(WARNING, f"{load.module.name}: {reason}: kernel tainted.")
    load.state.taint(Taint.FORCED_LOAD, load.module)
    return True


def module_namespaces(load: LoadInfo) -> None:
    """Refuse an explicit import of a namespace for listed modules; setup_modinfo, from 6.16 on."""
    if not load.rules.since(*MODULE_NAMESPACES_SINCE):
        return
    for space in load.all_modinfo("import_ns"):
        if space.startswith(MODULE_PREFIX):
            load.because(CauseKind.MODULE_NAMESPACE, space)
            load.refuse(EPERM, f"{load.module.name}: module tries to import module namespace: {space}")


def out_of_tree(load: LoadInfo) -> None:
    """Taint for an out-of-tree module."""
    if load.modinfo("intree") is None:
        _first(load, Taint.OUT_OF_TREE, "loading out-of-tree module taints kernel.")


def retpoline(load: LoadInfo) -> None:
    """Warn about a module without retpolines in a kernel that uses them."""
    if load.rules.retpolines and load.modinfo("retpoline") is None:
        load.log(ERR, "Spectre V2 : System may be vulnerable to spectre v2")
        load.log(WARNING, f"{load.module.name}: loading module not compiled with retpoline compiler.")


def staging(load: LoadInfo) -> None:
    """Taint for a module of the staging directory."""
    if load.modinfo("staging") is not None:
        load.state.taint(Taint.STAGING, load.module)
        quality = "the quality is unknown, you have been warned."
        load.log(WARNING, f"{load.module.name}: module is from the staging directory, {quality}")


def livepatch(load: LoadInfo) -> None:
    """Refuse a live patch if the kernel does not support them."""
    if load.modinfo("livepatch") is not None and not load.on("LIVEPATCH"):
        load.because(CauseKind.LIVEPATCH)
        disabled = "module is marked as livepatch module, but livepatch support is disabled"
        load.refuse(text=f"{load.module.name}: {disabled}")


def livepatch_taint(load: LoadInfo) -> None:
    """Taint for a live patch."""
    if load.modinfo("livepatch") is not None:
        load.state.taint(Taint.LIVEPATCH, load.module)
        if load.state.once("livepatch"):
            load.log(NOTICE, f"{load.module.name}: tainting kernel with TAINT_LIVEPATCH")


def licence(load: LoadInfo) -> None:
    """Taint for a proprietary module."""
    name = load.modinfo("license")
    name = "unspecified" if name is None else name
    if name not in FREE:
        _first(load, Taint.PROPRIETARY, f"module license '{name}' taints kernel.")


def test(load: LoadInfo) -> None:
    """Taint for a test module."""
    if load.modinfo("test") is not None:
        _first(load, Taint.TEST, "loading test module taints kernel.")


def unsigned(load: LoadInfo) -> None:
    """Taint for a module without a signature or with an unknown key."""
    if load.on("MODULE_SIG") and not load.sig_ok:
        if load.state.once("unsigned"):
            why = "module verification failed: signature and/or required key missing - tainting kernel"
            load.log(NOTICE, f"{load.module.name}: {why}")
        load.state.taint(Taint.UNSIGNED, load.module)


def _distrust(load: LoadInfo) -> None:
    if load.module.name == NDISWRAPPER:
        load.state.taint(Taint.PROPRIETARY)
    if load.module.name in LIARS:
        load.state.taint(Taint.PROPRIETARY, load.module)


LATE: Final[Steps] = (out_of_tree, retpoline, staging, livepatch_taint, licence, test, unsigned, _distrust)


def liars(load: LoadInfo) -> None:
    """Taint for certain names, whatever their licence; check_module_license_and_versions."""
    _noticing(load, (_distrust,))


def augment(load: LoadInfo) -> None:
    """All taints in order; module_augment_kernel_taints, from 6.4 on."""
    _noticing(load, LATE)


def _noticing(load: LoadInfo, steps: Steps) -> None:
    """Run ``steps``, and log it if they add the first proprietary taint."""
    before = load.state.tainted(Taint.PROPRIETARY)
    for step in steps:
        step(load)
    if not before and load.state.tainted(Taint.PROPRIETARY):
        load.log(WARNING, f"{load.module.name}: module license taints kernel.")


def _first(load: LoadInfo, flag: Taint, text: str) -> None:
    """Taint with ``flag``, and log it if it is new to the kernel."""
    if not load.state.tainted(flag):
        load.log(WARNING, f"{load.module.name}: {text}")
    load.state.taint(flag, load.module)
