"""Unwrap a boot image into the kernel as it is in memory.

The formats are described in Documentation/arch/x86/boot.rst, arm64/booting.rst,
riscv/boot-image-header.rst and drivers/firmware/efi/libstub (zboot). If a container does not specify the
place of its payload (zImage, s390, MIPS), every compressed stream in it is tried.
"""

from __future__ import annotations

import re
from struct import unpack_from
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils import arch as archs
from pymodutils.elf.constants import ELFMAG
from pymodutils.errors import BadKernel, Overspent
from pymodutils.kernelimage import payload

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernelimage.payload import Spend

BANNER: Final = b"Linux version "
DEPTH: Final = 4  # nested containers: an Image.gz in a zboot is two
TRIES: Final = 40  # false positives among the streams in one file
SECTOR: Final = 512
HEAD: Final = 0x210  # bytes with the magic numbers of all that ``is_image`` knows
STREAM: Final = re.compile(
    b"|".join(re.escape(form.magic) for form in payload.FORMATS if form.name not in ("gzip", "bzip2", "lzma"))
    + rb"|\x1f\x8b\x08[\0-\x1f].{4}[\0\2\4]|BZh[1-9]1AY&SY|\x5d\0\0.[\0-\7]\xff{8}",
    re.DOTALL,
)


class UnwrappedImage(NamedTuple):
    """An uncompressed kernel, and the properties given by its container."""

    data: bytes  # an ELF file, or raw memory
    container: str  # bzImage, zImage, Image, zboot, vmlinux..., outermost first, joined by " > "
    machine: int = 0  # e_machine, 0 if the container does not specify it
    bits: int = 0
    order: str = ""


class _Wrap(NamedTuple):
    """A container: its name and its content, which is a kernel if ``final``."""

    name: str
    content: bytes
    final: bool = False
    machine: int = 0
    bits: int = 0
    order: str = ""


def unwrap(data: bytes, subject: str, spend: Spend = payload.free) -> UnwrappedImage:
    """The kernel in ``data``; raises BadKernel if there is none or its payload is damaged.

    ``spend`` is called with the size of each decompressed piece, including those of refused streams, and may
    raise.
    """
    names: list[str] = []
    machine = 0
    for _ in range(DEPTH):
        wrap = _open(data, subject, spend)
        names.append(wrap.name)
        machine = machine or wrap.machine
        data = wrap.content
        if wrap.final:
            return UnwrappedImage(data, " > ".join(names), wrap.machine or machine, wrap.bits, wrap.order)
    raise BadKernel(subject, f"{subject}: more than {DEPTH} nested containers")


def _open(data: bytes, subject: str, spend: Spend) -> _Wrap:
    for reader in READERS:
        wrap = reader(data, subject, spend)
        if wrap is not None:
            return wrap
    return _search(data, subject, spend)


def _stream(data: bytes, subject: str, spend: Spend) -> _Wrap | None:
    form = payload.find(data)
    return form and _Wrap(form.name, payload.decompress(form, data, subject, spend))


def is_image(head: bytes) -> bool:
    """Whether ``head``, HEAD bytes of a file, begins a bzImage or the raw image of an architecture."""
    return _is_bzimage(head) or _header(head, bare=True) is not None


def _is_bzimage(data: bytes) -> bool:
    return data[0x202:0x206] == b"HdrS"


def _bzimage(data: bytes, subject: str, spend: Spend) -> _Wrap | None:
    if not _is_bzimage(data):
        return None
    version, sectors = unpack_from("<H", data, 0x206)[0], data[0x1F1] or 4
    if version < 0x208:  # noqa: PLR2004 -- boot protocol 2.08, Linux 2.6.26
        return None
    offset, size = unpack_from("<II", data.ljust(0x250, b"\0"), 0x248)
    start = (sectors + 1) * SECTOR + offset
    if start + size > len(data):
        raise BadKernel(subject, f"{subject}: its payload of {size} bytes at {start} lies outside the file")
    content = data[start : start + size]
    return _Wrap(f"bzImage {_packing(content)}".strip(), *_inner(content, subject, spend))


def _zboot(data: bytes, subject: str, spend: Spend) -> _Wrap | None:
    if data[:2] != b"MZ" or data[4:8] != b"zimg":
        return None
    offset, size = unpack_from("<II", data.ljust(16, b"\0"), 8)
    if offset + size > len(data):
        raise BadKernel(subject, f"{subject}: its payload of {size} bytes at {offset} lies outside the file")
    content = data[offset : offset + size]
    return _Wrap(f"EFI zboot {_packing(content)}".strip(), *_inner(content, subject, spend))


def _packing(content: bytes) -> str:
    form = payload.find(content)
    return form.name if form else ""


def _inner(content: bytes, subject: str, spend: Spend) -> tuple[bytes]:
    form = payload.find(content)
    return (payload.decompress(form, content, subject, spend) if form else content,)


def _raw(data: bytes, _subject: str, _spend: Spend) -> _Wrap | None:
    found = _header(data, bare=True)
    return found and _Wrap(found[0], data, True, *found[1:])


def _header(data: bytes, *, bare: bool) -> tuple[str, int, int, str] | None:
    """The name, e_machine, bits and byte order of the image, if an architecture recognises ``data``."""
    for arch in archs.every():
        for image in arch.images:
            if image.bare == bare and image.fits(data):
                return image.name, arch.machines[0], arch.bits, arch.order
    return None


def _elf(data: bytes, _subject: str, _spend: Spend) -> _Wrap | None:
    """An ELF file is the kernel itself, unless it is a small wrapper around a payload (MIPS vmlinuz)."""
    if data[:4] != ELFMAG or BANNER not in data:
        return None
    return _Wrap("vmlinux", data, True)


def _search(data: bytes, subject: str, spend: Spend) -> _Wrap:
    name, machine, bits, order = _outside(data)
    refused, left = "", payload.LIMIT

    def budget(count: int) -> None:
        nonlocal left
        left -= count
        spend(count)

    for count, match in enumerate(STREAM.finditer(data)):
        form = payload.find(data[match.start() : match.start() + 16])
        if form is None or count >= TRIES or left < 0:
            break
        try:
            content = payload.decompress(form, data[match.start() :], subject, budget)
        except Overspent:
            raise
        except BadKernel as error:
            refused = refused or str(error)
            continue
        if BANNER in content:
            final = content[:4] != ELFMAG
            return _Wrap(f"{name} {form.name}".strip(), content, final, machine, bits, order)
    if BANNER in data:
        return _Wrap(name or "raw image", data, True, machine, bits, order)
    reason = f" ({refused})" if refused else ""
    raise BadKernel(
        subject, f"{subject}: no Linux kernel in it{reason}: give a vmlinuz, Image or vmlinux file"
    )


def _outside(data: bytes) -> tuple[str, int, int, str]:
    """The properties given by the container: name, e_machine, bits and byte order."""
    known = _header(data, bare=False)
    if known:
        return known
    if data[:4] == ELFMAG and len(data) > 20:  # noqa: PLR2004 -- up to e_machine
        order = "big" if data[5] == 2 else "little"  # noqa: PLR2004 -- ELFDATA2MSB
        machine = int.from_bytes(data[18:20], "big" if order == "big" else "little")
        return "ELF", machine, 64 if data[4] == 2 else 32, order  # noqa: PLR2004 -- ELFCLASS64
    return "", 0, 0, ""


READERS: Final[tuple[Callable[[bytes, str, Spend], _Wrap | None], ...]] = (
    _stream,
    _bzimage,
    _zboot,
    _elf,
    _raw,  # last: asks all architectures
)
