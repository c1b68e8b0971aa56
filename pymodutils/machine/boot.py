"""Boot a kernel image up to the point where it waits for calls."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Final

from pymodutils.errors import BadKernel
from pymodutils.kernelimage import container, kernel
from pymodutils.machine import MACHINE, start
from pymodutils.machine.guest import Guest
from pymodutils.machine.machine import Machine
from pymodutils.machine.results import MachineEnded

if TYPE_CHECKING:
    from collections.abc import Sequence

MEMORY: Final = 256 << 20  # bytes of RAM
SMALLEST, LARGEST = 160 << 20, 1 << 30  # the kernel and its page tables; the range of early tables
NEEDED: Final = ("panic", "jiffies", "sprint_symbol")
CMDLINE: Final = (
    "nokaslr tsc_early_khz=2600000 tsc=reliable nolapic noapic acpi=off pci=off nopti nohpet hpet=disable "
    "no_timer_check nowatchdog lpj=10400000 noreplace-smp nokprobes audit=0 clocksource=tsc "
    "rdinit=/dev/console init=/nosuch loglevel=7"
)
NO_INIT: Final = b"Requested init"
FOLDERS: Final = ((b"/proc", b"proc"), (b"/sys", b"sysfs"))


def boot(image: bytes, subject: str, cmdline: str = "", memory: int = MEMORY) -> Guest:
    """Boot the kernel in ``image`` until it searches for an init, and mount /proc and /sys.

    Raises BadKernel for ``subject`` if it is not an x86-64 kernel, or does not boot.
    """
    if not SMALLEST <= memory <= LARGEST:
        raise BadKernel(
            subject, f"{memory >> 20} MiB of memory: give {SMALLEST >> 20} to {LARGEST >> 20} MiB"
        )
    words = f"{CMDLINE} {cmdline}".strip()
    if len(words) > start.LONGEST:
        raise BadKernel(subject, f"the command line is longer than {start.LONGEST} bytes")
    found = kernel.read(image, subject)
    if found.machine != MACHINE or not found.container.startswith("bzImage"):
        raise BadKernel(
            subject, f"{subject}: the machine boots bzImages of x86-64 only; this is another kernel"
        )
    exports = {name: export.address or 0 for name, export in found.exports.items()}
    missing = [name for name in NEEDED if name not in exports]
    if missing:
        raise BadKernel(
            subject, f"{subject}: the machine needs its export {missing[0]}, which it does not have"
        )
    guest = _run(image, container.unwrap(image, subject).data, subject, words, memory, exports)
    _mount(guest, FOLDERS)
    return guest


def _run(  # noqa: PLR0917 -- by position, from one place
    image: bytes, vmlinux: bytes, subject: str, cmdline: str, memory: int, exports: dict[str, int]
) -> Guest:
    ram = mmap.mmap(-1, memory, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    start.prepare(ram, image, vmlinux, cmdline.encode())
    machine = Machine(ram, exports["panic"], exports["jiffies"])
    start.enter(machine.cpu, vmlinux)
    try:
        machine.run()
    except MachineEnded as ended:
        raise BadKernel(subject, f"{subject}: it does not boot: {ended}") from None
    words = machine.space.string(machine.cpu["RDI"])
    if not words.startswith(NO_INIT):
        raise BadKernel(subject, f"{subject}: it does not boot: panic: {words.decode('latin-1')}")
    return Guest.settle(machine, exports)


def _mount(guest: Guest, folders: Sequence[tuple[bytes, bytes]]) -> None:
    for path, kind in folders:
        guest.system_call("mkdir", path, 0o755)
        guest.system_call("mount", kind, path, kind, 0, 0)
