"""Check the signature of a module; kernel/module/signing.c: module_sig_check."""

from __future__ import annotations

from errno import EKEYREJECTED, ENODATA, ENOKEY, ENOPKG, EPERM
from typing import TYPE_CHECKING, Final

from pymodutils.kern_levels import NOTICE
from pymodutils.kernel.base import Init
from pymodutils.kernel.emulated.load.causes import CauseKind
from pymodutils.mapped import cut
from pymodutils.signature.appended import MAGIC

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.load.load_info import LoadInfo
    from pymodutils.kernel.emulated.state.kernel_state import KernelState

ENFORCE: Final = "sig_enforce"  # the setting of /sys/module/module/parameters/sig_enforce
LOCKDOWN: Final = "lockdown"
INTEGRITY: Final = 1  # levels of lockdown
CONFIDENTIALITY: Final = 2
LOCKED: Final = "the kernel is locked down"
ENFORCED: Final = "the kernel enforces signatures"
SOFT: Final = {
    ENODATA: (CauseKind.UNSIGNED, "unsigned module"),
    ENOPKG: (CauseKind.CRYPTO, "module with unsupported crypto"),
    ENOKEY: (CauseKind.UNKNOWN_KEY, "module with unavailable key"),
}
FIRMWARE_KEYS: Final = "INTEGRITY_PLATFORM_KEYRING"  # tried after the kernel's own keys
FORCED: Final = Init.IGNORE_MODVERSIONS | Init.IGNORE_VERMAGIC


def check(load: LoadInfo) -> None:
    """Strip and verify the signature; a missing one is accepted unless enforced."""
    if not load.on("MODULE_SIG"):
        return
    code, why = ENODATA, ""
    if load.data.endswith(MAGIC) and not load.flags & FORCED:
        code, why = _verdict(load)
    if not code:
        load.sig_ok = True
    elif code not in SOFT:
        load.because(CauseKind.SIGNATURE, found=why)
        load.refuse(code)
    else:
        _insist(load, *SOFT[code], why)


def _verdict(load: LoadInfo) -> tuple[int, str]:
    """Strip the signature and log the kernel's messages; 0 if made by a trusted key, else the errno."""
    from pymodutils.signature import verify  # noqa: PLC0415 -- not needed by every kernel
    from pymodutils.signature.chain import WAIVED  # noqa: PLC0415
    from pymodutils.signature.digests import computable  # noqa: PLC0415

    trusted, twice = load.state.certificates(), load.on(FIRMWARE_KEYS)
    found = verify.check(load.data, trusted, computable(load.on, load.rules.number), twice=twice)
    for level, text in found.log:
        if text != WAIVED or load.state.once(text):
            load.log(level, text)
    load.data = cut(load.data, found.length)
    return found.errno, found.why


def _insist(load: LoadInfo, kind: CauseKind, reason: str, why: str) -> None:
    if load.state.setting(ENFORCE):
        load.because(kind, found=why, expected=ENFORCED)
        load.refuse(EKEYREJECTED, f"Loading of {reason} is rejected", NOTICE)
    if locked_down(load.state, load.caller.command, "unsigned module loading"):
        load.because(kind, found=why, expected=LOCKED)
        load.refuse(EPERM)
    load.because(kind, found=why, passes=True)


def locked_down(state: KernelState, command: str, what: str) -> bool:
    """Whether lockdown refuses ``what`` to the process ``command``, which is logged."""
    refused = state.setting(LOCKDOWN) >= INTEGRITY
    if refused:
        state.log(NOTICE, f"Lockdown: {command}: {what} is restricted; see man kernel_lockdown.7")
    return refused
