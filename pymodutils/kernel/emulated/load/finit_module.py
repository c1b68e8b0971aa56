"""The entry of the two system calls: copy the image, and decompress it if necessary."""

from __future__ import annotations

import os
from errno import EACCES, EINVAL, ENOEXEC, EOPNOTSUPP
from typing import TYPE_CHECKING, Final

from pymodutils.errors import Refused
from pymodutils.kern_levels import ERR
from pymodutils.kernel.base import Init
from pymodutils.kernel.emulated.load.causes import Cause, CauseKind
from pymodutils.kernel.emulated.load.elf_header import shortest

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from pymodutils.kernel.emulated.caller import Caller
    from pymodutils.kernel.emulated.rules import Rules
    from pymodutils.kernel.emulated.state.kernel_state import KernelState
    from pymodutils.mapped import Contents

    Read = Callable[[KernelState, Caller], Contents]

POST_READ_SINCE: Final = (7, 0)  # IMA sees the decompressed image, and accepts anything; ima_post_read_file
KNOWN: Final = Init.IGNORE_MODVERSIONS | Init.IGNORE_VERMAGIC | Init.COMPRESSED_FILE
FORMATS: Final = {
    "GZIP": "gzip",
    "XZ": "xz",
    "ZSTD": "zstd",
}  # CONFIG_MODULE_COMPRESS_ suffix -> name in sysfs


def memory(image: Contents, state: KernelState, _: Caller) -> Contents:
    """``image``; refuses one that is too short; copy_module_from_user."""
    if len(image) < shortest(state.rules.arch):
        _refuse(ENOEXEC)
    return image


def file(image: Contents, flags: Init, state: KernelState, caller: Caller) -> Contents:
    """The module in a file with the contents ``image``; raises Refused as finit_module does."""
    if int(flags) & ~int(KNOWN) or not image:
        _refuse(EINVAL)
    if not flags & Init.COMPRESSED_FILE:
        return image
    unpacked = _unpacked(state, image, caller)
    if not unpacked and state.rules.since(*POST_READ_SINCE):
        _refuse(EACCES)
    return unpacked


def descriptor(fd: int, flags: Init, state: KernelState, caller: Caller) -> Contents:
    """The module in the open file ``fd``; raises Refused as finit_module does."""
    if int(flags) & ~int(KNOWN):
        _refuse(EINVAL)
    from pymodutils.kernel.emulated.load.kernel_read_file import kernel_read_file  # noqa: PLC0415 -- insmod

    return file(kernel_read_file(fd), flags, state, caller)


def compression(rules: Rules) -> str:
    """The compression that this kernel supports for modules, or ""."""
    on = (name for name in FORMATS if rules.on(f"MODULE_COMPRESS_{name}"))
    return next((FORMATS[name] for name in on), "") if rules.on("MODULE_DECOMPRESS") else ""


def _unpacked(state: KernelState, image: Contents, caller: Caller) -> Contents:
    """Decompress a module in the kernel's only format; module_decompress."""
    known = compression(state.rules)
    if not known:
        _refuse(EOPNOTSUPP)
    from pymodutils.elf import module_decompress as kernel  # noqa: PLC0415 -- rarely needed

    try:
        return kernel.module_decompress(image, known, state.rules.on)
    except kernel.Undecompressed as error:
        state.log(ERR, str(error))
        caller.causes.append(Cause(CauseKind.COMPRESSION, known, str(error)))
        _refuse(EINVAL)


def _refuse(code: int) -> NoReturn:
    raise Refused("module", os.strerror(code), code)
