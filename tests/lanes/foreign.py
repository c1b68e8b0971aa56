"""Debian's kernels of other architectures in QEMU without kvm: load modules, read their memory.

The guest is a busybox that loads the given modules, prints /proc files, and waits; then the machine's memory
is read through QEMU's monitor.
"""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.lanes.qemu import Archive, started
from tests.oracles.debian import unpacked
from tests.oracles.kernels import kernel

BUSYBOX = "/bin/busybox"
MARK = "@ "  # before what the guest has to say
READY = f"{MARK}ready"
SCRIPT = f"""#!{BUSYBOX} sh
{BUSYBOX} --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
dmesg -n 1
echo
for name in $(cat /m/order); do
    insmod /m/$name.ko 2>&1 | sed "s/^/{MARK}failed $name /"
done
sed 's/^/{MARK}module /' /proc/modules
for name in $(cat /m/order); do
    cd /sys/module/$name/sections || continue
    for section in $(ls -A); do
        echo "{MARK}section $name $section $(cat $section)"
    done
done
awk 'FNR==NR {{w[$1]=1; next}} ($3 in w) {{print "{MARK}symbol", $1, $3}}' /m/symbols /proc/kallsyms
sed "s/^/{MARK}spectre /" /sys/devices/system/cpu/vulnerabilities/spectre_v2
echo "{READY}"
sleep 10000
"""
COMMON = [
    *("-accel", "tcg", "-m", "512", "-vga", "none", "-display", "none", "-serial", "stdio"),
    *("-no-reboot", "-nic", "none", "-monitor", "none"),
]
PSERIES = "pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off"


class Machine(NamedTuple):
    """A kernel, one of oracles.kernels.FLAVOURS, and the machine it runs on."""

    name: str
    package: str  # of Debian 12, with the emulator
    emulator: str
    options: tuple[str, ...]
    console: str
    suite: str = "bookworm"


MACHINES = (
    Machine(
        "arm64", "qemu-system-arm", "qemu-system-aarch64", ("-M", "virt", "-cpu", "cortex-a57"), "ttyAMA0"
    ),
    Machine("armhf", "qemu-system-arm", "qemu-system-arm", ("-M", "virt", "-cpu", "cortex-a15"), "ttyAMA0"),
    Machine("i386", "qemu-system-x86", "qemu-system-i386", (), "ttyS0"),
    Machine("s390x", "qemu-system-misc", "qemu-system-s390x", (), "ttysclp0"),
    Machine("ppc64el", "qemu-system-ppc", "qemu-system-ppc64", ("-M", PSERIES, "-cpu", "power9"), "hvc0"),
    Machine("riscv64", "qemu-system-misc", "qemu-system-riscv64", ("-M", "virt"), "ttyS0", "trixie"),
)


class Seen(NamedTuple):
    """The state of a kernel with loaded modules: its files and memory."""

    failed: list[str]
    sizes: dict[str, int]  # of what stays of each module
    bases: dict[str, int]
    sections: dict[tuple[str, str], int]  # addresses by module and section
    symbols: dict[str, int]  # as /proc/kallsyms has them
    spectre: str  # what it does about spectre_v2
    read: Monitor


def _seen(said: Sequence[list[str]], monitor: Monitor) -> Seen:
    kinds: dict[str, list[list[str]]] = {}
    for kind, *words in said:
        kinds.setdefault(kind, []).append(words)
    modules = kinds.get("module", [])
    return Seen(
        [" ".join(words) for words in kinds.get("failed", [])],
        {words[0]: int(words[1]) for words in modules},
        {words[0]: int(words[5], 16) for words in modules},
        {(words[0], words[1]): int(words[2], 16) for words in kinds.get("section", [])},
        {words[1]: int(words[0], 16) for words in kinds.get("symbol", [])},
        " ".join(kinds.get("spectre", [[]])[0]),
        monitor,
    )


class Monitor:
    """QEMU's monitor, used to read the memory of the first processor."""

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rb")
        self.lines.readline()
        self.ask("qmp_capabilities")

    def ask(self, command: str, **arguments: object) -> Any:
        """The answer of the monitor; raises RuntimeError with its error."""
        words = {"execute": command, "arguments": arguments}
        self.socket.sendall(json.dumps(words).encode())
        while line := self.lines.readline():
            answer = json.loads(line)
            if "error" in answer:
                raise RuntimeError(f"{command} {arguments}: {answer['error']}")
            if "return" in answer:
                return answer["return"]
        raise RuntimeError(f"{command}: QEMU has gone")

    def close(self) -> None:
        """Leave the monitor."""
        self.lines.close()
        self.socket.close()

    def __call__(self, address: int, size: int) -> bytes:
        """The contents of memory at the kernel's ``address``."""
        path = self.folder / "memory"
        signed = address - (1 << 64) if address >> 63 else address
        self.ask("memsave", val=signed, size=size, filename=str(path), **{"cpu-index": 0})
        return path.read_bytes()


@contextmanager
def loaded(
    machine: Machine, modules: Mapping[str, bytes], symbols: Sequence[str], seconds: float = 300
) -> Iterator[Seen]:
    """The machine with ``modules`` loaded in this order; ``symbols`` are looked up. Raises Unavailable."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _initramfs(folder / "initrd", machine, modules, symbols)
        with running(machine, folder, kernel(machine.name).image, "quiet nokaslr") as guest:
            said = heard(guest, folder / "console", time.monotonic() + seconds)
            monitor = Monitor(folder / "monitor")
            try:
                yield _seen(said, monitor)
            finally:
                monitor.close()


def _initramfs(path: Path, machine: Machine, modules: Mapping[str, bytes], symbols: Sequence[str]) -> None:
    busybox = unpacked("busybox-static", machine.suite, machine.name)
    binary = next(path for path in busybox.rglob("bin/busybox"))
    with path.open("wb") as out:
        archive = Archive(out)
        for name in ("/bin", "/usr", "/usr/bin", "/sbin", "/usr/sbin", "/proc", "/sys", "/dev", "/m"):
            archive.entry(name, stat.S_IFDIR | 0o755)
        archive.entry("/init", stat.S_IFREG | 0o755, SCRIPT.encode())
        archive.entry(BUSYBOX, stat.S_IFREG | 0o755, binary.read_bytes())
        files = {f"{name}.ko": content for name, content in modules.items()}
        files |= {"order": " ".join(modules).encode(), "symbols": "\n".join(symbols).encode()}
        for name, content in files.items():
            archive.entry(f"/m/{name}", stat.S_IFREG | 0o644, content)
        archive.close()


@contextmanager
def running(machine: Machine, folder: Path, image: Path, cmdline: str) -> Iterator[subprocess.Popen[bytes]]:
    """QEMU, which writes to ``folder``/console; killed at the end."""
    emulator = unpacked(machine.package) / "usr/bin" / machine.emulator
    data = [unpacked("qemu-system-data") / "usr/share/qemu", unpacked("seabios") / "usr/share/seabios"]
    words = [str(emulator), *COMMON, *machine.options]
    for path in data:
        words += ["-L", str(path)]
    words += ["-kernel", str(image), "-initrd", str(folder / "initrd")]
    words += ["-append", f"console={machine.console} panic=-1 rdinit=/init {cmdline}"]
    words += ["-qmp", f"unix:{folder / 'monitor'},server=on,wait=off"]
    with started(words, folder / "console") as guest:
        yield guest


def heard(guest: subprocess.Popen[bytes], path: Path, until: float) -> list[list[str]]:
    """The words of each line marked by the guest, once it is ready."""
    while True:
        printed = path.read_bytes().decode("utf-8", "replace")
        lines = printed.splitlines()
        if READY in lines:
            return [line.removeprefix(MARK).split() for line in lines if line.startswith(MARK)]
        if guest.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{path.name}: the guest does not get ready:\n{printed[-4000:]}")
        time.sleep(0.1)
