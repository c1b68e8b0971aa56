"""Boot a kernel image up to the point where it waits for calls."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Final

from pymodutils import arch as archs
from pymodutils.errors import BadKernel
from pymodutils.kernelimage import container, kernel
from pymodutils.machine import THESE, UNAMES, architecture, printk
from pymodutils.machine.guest import Guest
from pymodutils.machine.machine import KernelPlaces, Machine
from pymodutils.machine.protocol import KernelStart
from pymodutils.machine.results import MachineEnded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymodutils.kernelimage.kernel import KernelImage
    from pymodutils.machine.architecture import Architecture

MEMORY: Final = 256 << 20  # bytes of RAM
SMALLEST, LARGEST = 160 << 20, 1 << 30  # the kernel and its page tables; the range of early tables
NEEDED: Final = ("panic", "jiffies", "sprint_symbol")
NO_INIT: Final = b"Requested init"
FOLDERS: Final = ((b"/proc", b"proc"), (b"/sys", b"sysfs"))


def boot(
    image: bytes,
    subject: str,
    cmdline: str = "",
    memory: int = MEMORY,
    heard: Callable[[str], None] | None = None,
) -> Guest:
    """Boot the kernel in ``image`` until it searches for an init, and mount /proc and /sys.

    ``heard`` is called with each message of the kernel.
    Raises BadKernel for ``subject`` if its machine is not one of UNAMES, or it does not boot.
    """
    if not SMALLEST <= memory <= LARGEST:
        raise BadKernel(
            subject, f"{memory >> 20} MiB of memory: give {SMALLEST >> 20} to {LARGEST >> 20} MiB"
        )
    found = kernel.read(image, subject)
    if found.machine not in UNAMES:
        other = archs.of_machine(found.machine)[0].name
        raise BadKernel(subject, f"{subject}: the machine boots kernels of {THESE}; this is one of {other}")
    arch = architecture.of(found.machine)
    if not any(f"{kind} ".startswith(f"{arch.protocol.container} ") for kind in found.container.split(" > ")):
        raise BadKernel(
            subject, f"{subject}: the machine boots a {arch.protocol.container}, not {found.container}"
        )
    words = f"{arch.protocol.cmdline} {cmdline}".strip()
    if len(words) > arch.protocol.longest:
        raise BadKernel(subject, f"the command line is longer than {arch.protocol.longest} bytes")
    start = KernelStart(image, container.unwrap(image, subject).data, words.encode(), found.linked or 0)
    names = _names(found, start, subject)
    machine = _loaded(start, arch, memory, names)
    if heard:
        printk.listen(machine, names, heard)
    guest = _run(machine, subject, names)
    _mount(guest, FOLDERS)
    return guest


def _names(found: KernelImage, start: KernelStart, subject: str) -> dict[str, int]:
    """The addresses found in the image; raises BadKernel for ``subject`` if a needed one is missing."""
    names = {name: export.address or 0 for name, export in found.exports.items()}
    missing = [name for name in NEEDED if not names.get(name)]
    if missing:
        raise BadKernel(
            subject,
            f"{subject}: the image does not contain the address of {missing[0]}",
        )
    at = start.kernel.find(found.btf) if found.btf and start.linked else -1
    if found.btf and at >= 0:  # data, which kallsyms need not have
        begin = start.linked + at
        names |= {"__start_BTF": begin, "__stop_BTF": begin + len(found.btf)}
    return names


def _loaded(start: KernelStart, arch: Architecture, memory: int, names: dict[str, int]) -> Machine:
    ram = mmap.mmap(-1, memory, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    arch.protocol.prepare(ram, start)
    places = KernelPlaces(names["panic"], names["jiffies"], arch.base(start))
    machine = Machine(ram, arch.machine, places)
    machine.cpu.start(start)
    return machine


def _run(machine: Machine, subject: str, names: dict[str, int]) -> Guest:
    try:
        machine.run()
    except MachineEnded as ended:
        raise BadKernel(subject, f"{subject}: it does not boot: {ended}") from None
    words = machine.panic_message()
    if not words.startswith(NO_INIT):
        raise BadKernel(subject, f"{subject}: it does not boot: panic: {words.decode('latin-1')}")
    return Guest.settle(machine, names)


def _mount(guest: Guest, folders: Sequence[tuple[bytes, bytes]]) -> None:
    for path, kind in folders:
        guest.system_call("mkdir", path, 0o755)
        guest.system_call("mount", kind, path, kind, 0, 0)
