"""What the two system calls look at before they load: how the image came, and whether it must be unpacked."""

from __future__ import annotations

import os
from errno import EINVAL, ENOEXEC, EOPNOTSUPP
from typing import TYPE_CHECKING, Final

from pymodutils.elf import compress
from pymodutils.errors import BadModule, Refused
from pymodutils.kernel.base import Init
from pymodutils.kernel.emulated.load.elf_header import shortest
from pymodutils.kernel.emulated.state.kernel_state import ERR

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from pymodutils.kernel.emulated.rules import Rules
    from pymodutils.kernel.emulated.state.kernel_state import State

    Taken = Callable[[State, bytes, Init], bytes]

KNOWN: Final = Init.IGNORE_MODVERSIONS | Init.IGNORE_VERMAGIC | Init.COMPRESSED_FILE
FORMATS: Final = {  # by CONFIG_MODULE_COMPRESS_: names in sysfs and in the log, the magic
    "GZIP": ("gzip", "a gzip", compress.GZIP),
    "XZ": ("xz", "an xz", compress.XZ),
    "ZSTD": ("zstd", "a zstd", compress.ZSTD),
}
FAILED: Final = {"gzip": -3, "xz": 7, "zstd": 1}  # what the decompressors say of damaged data, mostly
SHORT: Final = {"gzip": -5, "xz": 0, "zstd": 1}  # and of data that ends too early


def memory(state: State, image: bytes, _: Init) -> bytes:
    """``image``, if it is long enough for init_module to say anything; copy_module_from_user."""
    if len(image) < shortest(state.rules.arch):
        _refuse(ENOEXEC)
    return image


def file(state: State, image: bytes, flags: Init) -> bytes:
    """The module in a file that holds ``image``; raises Refused as finit_module does."""
    if int(flags) & ~int(KNOWN) or not image:
        _refuse(EINVAL)
    return _unpacked(state, image) if flags & Init.COMPRESSED_FILE else image


def compression(rules: Rules) -> str:
    """How the modules may be packed that this kernel unpacks, "" if it unpacks none."""
    on = (name for name in FORMATS if rules.on(f"MODULE_COMPRESS_{name}"))
    return next((FORMATS[name][0] for name in on), "") if rules.on("MODULE_DECOMPRESS") else ""


def _unpacked(state: State, image: bytes) -> bytes:
    """kernel/module/decompress.c: module_decompress."""
    known = compression(state.rules)
    if not known:
        _refuse(EOPNOTSUPP)
    shown, magic = next((article, magic) for name, article, magic in FORMATS.values() if name == known)
    if not image.startswith(magic):
        state.log(ERR, f"not {shown} compressed module")
        _refuse(EINVAL)
    try:
        return compress.decompress(image, "module", whole=False)
    except BadModule as error:
        status = SHORT if isinstance(error, compress.Incomplete) else FAILED
        state.log(ERR, f"decompression failed with status {status[known]}")
        _refuse(EINVAL)


def _refuse(code: int) -> NoReturn:
    raise Refused("module", os.strerror(code), code)
