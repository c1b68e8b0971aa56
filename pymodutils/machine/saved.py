"""Booted kernels on disk, named by their inputs, and state files with the changes since then.

A base is a folder with ``ram``, a sparse file that is mapped privately (so 256 MiB are available at once and
shared by all processes), and ``facts``. A state is one file: the name of the base, the processor, and the
changed pages, compressed. Both are created by a rename; a killed process leaves the old file.
"""

from __future__ import annotations

import errno
import fcntl
import json
import mmap
import os
import shutil
from contextlib import contextmanager
from hashlib import sha256
from itertools import compress
from typing import TYPE_CHECKING, Any, Final

from pymodutils.elf.compress import zstd
from pymodutils.errors import BadState
from pymodutils.machine import bases, code
from pymodutils.machine.clock import ClockState
from pymodutils.machine.guest import Guest
from pymodutils.machine.machine import KernelPlaces, Machine
from pymodutils.machine.paging import PAGE
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION: Final = 4
START: Final = f"pymodutils machine {VERSION}\n".encode()
CHUNK: Final = 16 * PAGE
PRESENT, SWAPPED, OF_FILE = 0x80, 0x40, 0x20  # the last byte of an entry; admin-guide/mm/pagemap.rst
COPIED: Final = bytes(bool(it & SWAPPED or it & (PRESENT | OF_FILE) == PRESENT) for it in range(256))


def key(image: bytes, cmdline: str, memory: int) -> str:
    """The name of the base for these inputs."""
    return sha256(f"{VERSION} {memory} {cmdline}\n".encode() + image).hexdigest()[:32]


def exists(base: str) -> bool:
    """Whether the base exists."""
    return os.path.isdir(bases.path(base))


def keep(base: str, guest: Guest, about: str) -> None:
    """Save ``guest``, described by ``about``, as ``base``; of two processes the first one wins."""
    folder = bases.path(base)
    partial = f"{folder}.{os.getpid()}{bases.PARTIAL}"
    os.makedirs(partial)
    try:
        with open(os.path.join(partial, "ram"), "wb") as file:
            _sparse(guest.machine.ram, file.fileno())
        with open(os.path.join(partial, "facts"), "w", encoding="ascii") as text:
            json.dump(facts(guest), text)
        with open(os.path.join(partial, "about"), "w", encoding="utf-8", errors="surrogateescape") as text:
            text.write(about)
        os.rename(partial, folder)
        bases.prune(bases.limit(), keep=base)
    except OSError:
        if not exists(base):
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _sparse(ram: mmap.mmap, fd: int) -> None:
    os.ftruncate(fd, len(ram))
    empty = bytes(CHUNK)
    for place in range(0, len(ram), CHUNK):
        data = ram[place : place + CHUNK]
        if data != empty:
            os.pwrite(fd, data, place)


def take(base: str) -> Guest:
    """A machine with the kernel of ``base``; raises BadState if it does not exist."""
    folder = bases.path(base)
    bases.used(base)
    try:
        with open(os.path.join(folder, "facts"), encoding="ascii") as text:
            facts = json.load(text)
        return _machine(folder, facts, {})
    except (OSError, ValueError, KeyError) as error:
        raise BadState(
            base, f"the booted kernel {base} is gone or damaged: boot it again ({error})"
        ) from None


def _machine(folder: str, facts: dict[str, Any], pages: dict[int, bytes]) -> Guest:
    fd = os.open(os.path.join(folder, "ram"), os.O_RDONLY | os.O_CLOEXEC)
    try:
        ram = mmap.mmap(fd, 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
    finally:
        os.close(fd)
    for number, data in pages.items():
        ram[number * PAGE : number * PAGE + PAGE] = data
    machine = Machine(ram, facts["machine"], KernelPlaces(*facts["places"]))
    machine.file = os.path.join(folder, "ram")
    machine.cpu.restore(facts["registers"])
    apply(machine, facts)
    guest = Guest(machine, facts["guest"])
    code.NewCode(machine, guest.names)
    return guest


def apply(machine: Machine, facts: dict[str, Any]) -> None:
    """Restore the state in ``facts`` other than memory and processor."""
    machine.clock.set(ClockState(*facts["moment"]))
    machine.stack = facts["stack"]
    machine.cpu.restore_devices(facts["devices"])
    machine.touched.clear()


def facts(guest: Guest) -> dict[str, Any]:
    """The state of ``guest`` except memory, as JSON values."""
    machine = guest.machine
    return {
        "machine": machine.arch.machine,
        "places": machine.places,
        "moment": machine.clock.moment(),
        "stack": machine.stack,
        "devices": machine.cpu.save_devices(),
        "registers": machine.cpu.save(),
        "guest": guest.save(),
    }


# State files


def new_state(path: str, base: str) -> None:
    """Create the state ``path`` without changes relative to ``base``."""
    with open(os.path.join(bases.path(base), "facts"), encoding="ascii") as text:
        _replace(
            path, START + json.dumps({"base": base, "pages": [], "facts": json.load(text)}).encode() + b"\n"
        )


def is_state(path: str) -> bool:
    """Whether the file ``path`` is a machine state, of any version."""
    try:
        with open(path, "rb", opener=opener) as file:
            return file.read(len(START) - 2) == START[:-2]
    except OSError:
        return False


def load(path: str) -> tuple[str, Guest]:
    """The base and the machine of the state file ``path``; raises BadState."""
    try:
        with open(path, "rb", opener=opener) as file:
            data = file.read()
    except OSError as error:
        raise BadState(path, f"{path}: {error.strerror}: make it with 'kernel boot --machine'") from None
    try:
        if not data.startswith(START):
            raise ValueError("it does not start as one")  # noqa: TRY301 -- the same message
        header, _, packed = data[len(START) :].partition(b"\n")
        heading = json.loads(header)
        content = zstd().decompress(packed) if packed else b""
        pages = {number: content[PAGE * at : PAGE * at + PAGE] for at, number in enumerate(heading["pages"])}
        return heading["base"], _machine(bases.path(heading["base"]), heading["facts"], pages)
    except FileNotFoundError:
        raise BadState(
            path, f"{path}: its booted kernel is no longer in {bases.folder()}: boot it again"
        ) from None
    except (ValueError, KeyError, TypeError, zstd().ZstdError) as error:
        raise BadState(path, f"{path}: not the state of a machine, or damaged: {error}") from None


def store(path: str, base: str, guest: Guest) -> None:
    """Write the state of ``guest`` to ``path``."""
    numbers = changed(guest, os.path.join(bases.path(base), "ram"))
    ram = guest.machine.ram
    content = b"".join(ram[number * PAGE : number * PAGE + PAGE] for number in numbers)
    header = json.dumps({"base": base, "pages": numbers, "facts": facts(guest)}).encode()
    _replace(path, START + header + b"\n" + zstd().compress(content, 1))


def changed(guest: Guest, base: str) -> list[int]:
    """The numbers of the pages of RAM that differ from the file ``base``."""
    ram = guest.machine.ram
    pages = range(len(ram) // PAGE)
    try:
        return private(guest, pages)
    except OSError:
        with open(base, "rb") as old:
            return [n for n in pages if old.read(PAGE) != ram[n * PAGE : n * PAGE + PAGE]]


def private(guest: Guest, pages: range) -> list[int]:
    """Those of ``pages`` that were copied on write, by the host's page tables; raises OSError."""
    with open("/proc/self/pagemap", "rb", buffering=0) as file:
        file.seek((guest.machine.cpu.ram_address // PAGE + pages.start) * 8)
        flags = file.read(len(pages) * 8)[7::8]
    if len(flags) != len(pages):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    return list(compress(pages, flags.translate(COPIED)))


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold the lock of the state file ``path``, for exclusive changes."""
    try:
        file = open(f"{path}.lock", "ab")  # noqa: SIM115 -- held by the with below
    except OSError as error:
        raise BadState(path, f"{path}.lock: {error.strerror}") from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _replace(path: str, data: bytes) -> None:
    partial = f"{path}.{os.getpid()}.partial"
    try:
        with open(partial, "wb") as file:
            file.write(data)
        os.rename(partial, path)
    except OSError as error:
        raise BadState(path, f"{path}: {error.strerror}") from None
    finally:
        if os.path.exists(partial):
            os.unlink(partial)
