"""Messages for the kernel's error numbers: kmod's text for each tool, and advice."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.errors import ModutilsError
    from pymodutils.root import Root

INSMOD: Final = {
    errno.ENOEXEC: "Invalid module format",
    errno.ENOENT: "Unknown symbol in module",
    errno.ESRCH: "Module has wrong symbol version",
    errno.EINVAL: "Invalid parameters",
}
MODPROBE: Final = {
    errno.EEXIST: "Module already in kernel",
    errno.ENOENT: "Unknown symbol in module, or unknown parameter (see dmesg)",
}
NO_MODULES: Final = "this kernel has no support for loadable modules (CONFIG_MODULES)"
SIGNATURE: Final = (errno.ENOKEY, errno.EKEYREJECTED, errno.EKEYREVOKED, errno.EKEYEXPIRED)
LOGGED: Final = (errno.ENOEXEC, errno.ENOENT, errno.EINVAL, errno.ESRCH, errno.ERANGE)
CAP_SYS_MODULE: Final = 1 << 16  # linux/capability.h


def words(tool: Mapping[int, str], code: int) -> str:
    """The message of ``tool`` (INSMOD or MODPROBE) for the errno ``code``."""
    return tool.get(code) or os.strerror(code)


def advice(root: Root, refused: ModutilsError, *, loading: bool) -> str:
    """Advice for ``refused``, from loading or removing; "" if kmod's message suffices."""
    code, reason = refused.errno, str(refused)
    if code == errno.ENOSYS:
        return NO_MODULES
    if code == errno.EPERM:
        return _permission(root)
    if loading and code in SIGNATURE:
        return "this kernel accepts only modules signed with a key that it trusts"
    if loading and reason != os.strerror(code):
        return f"the kernel's reason: {reason}"
    if loading and code in LOGGED:
        return "the kernel's log tells why: dmesg"
    return ""


def _permission(root: Root) -> str:
    if not int(_field(root, "/proc/self/status", "CapEff:") or "0", 16) & CAP_SYS_MODULE:
        return "only root (CAP_SYS_MODULE) may load and remove modules: try sudo"
    if _read(root, "/proc/sys/kernel/modules_disabled").strip() == "1":
        return "modules are switched off until the next boot (sysctl kernel.modules_disabled)"
    lockdown = _read(root, "/sys/kernel/security/lockdown")
    if "[" in lockdown and "[none]" not in lockdown:
        return "the kernel is locked down and takes signed modules only: see kernel_lockdown(7)"
    return "the kernel's log tells why: dmesg"


def _field(root: Root, path: str, title: str) -> str:
    lines = _read(root, path).splitlines()
    return next((line.removeprefix(title).strip() for line in lines if line.startswith(title)), "")


def _read(root: Root, path: str) -> str:
    try:
        return root.read(path).decode("utf-8", "replace")
    except OSError:
        return ""
