"""Python inside Debian's cloud kernel in QEMU without kvm, in about five seconds.

The guest runs from an initramfs with CPython, the libraries of the package under test, kmod, and the module
directory.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TypedDict, Unpack

from tests.lanes.uml import INIT, REPOSITORY, answer, console, python_path
from tests.oracles import trees
from tests.oracles.debian import Unavailable

LEFT_OUT = re.compile(
    r"/python3[^/]*/(test|idlelib|tkinter|ensurepip|lib2to3|turtledemo|config-3[^/]*|pydoc_data)$"
)
NEEDED = ("click", "elftools", "rich", "networkx", "backports", "markdown_it", "mdurl", "pygments")
PROGRAMS = ("/bin/sh", "/bin/true", "/bin/false")
CONSOLE, RESULT = "console", "result"  # files of a guest's two serial ports
SILENCE = 300  # seconds without a word after which a guest is given up
PAUSE = 0.1  # seconds between two looks at what a guest has said
MEMORY = "640M"
LATER_CPU = "qemu64,+rdrand,-cx16"  # QEMU 7.2's cmpxchg16b with a segment base breaks later kernels' slabs


class Options(TypedDict, total=False):
    """Options of a guest."""

    files: Iterable[Path]  # additional files and folders, at the same paths
    image: Path  # of the kernel; by default Debian 12's cloud kernel
    cpu: str
    environ: Mapping[str, str]
    cmdline: str  # appended to the kernel's command line
    devices: Iterable[str]  # further QEMU devices


class Ended(Exception):
    """The guest ended, or fell silent, before the function that it called did; with the last of its console."""


def run(call: str, *arguments: object, seconds: float = 400, **options: Unpack[Options]) -> Any:
    """The result of ``call`` (``module:function``) for ``arguments``, called in the guest.

    Raises Unavailable without qemu-system-x86_64, RuntimeError with the guest's traceback.
    """
    with _prepared(call, arguments, options) as (words, folder):
        printed = console(words, seconds)
        return answer(folder / RESULT, printed + _console(folder))


def each(
    call: str, *arguments: object, silence: float = SILENCE, **options: Unpack[Options]
) -> Iterator[Any]:
    """What ``call``, a generator, yields inside of the guest, each as it comes.

    Raises as run() does; Ended after ``silence`` seconds without a word.
    """
    with _prepared(call, arguments, options) as (words, folder), started(words, folder / "printed") as guest:
        for line in said(guest, folder / RESULT, silence):
            found = json.loads(line)
            if "end" in found:
                return
            if "traceback" in found:
                raise RuntimeError(f"in the guest: {found['traceback']}")
            yield found["item"]
        raise Ended((_console(folder) or (folder / "printed").read_bytes()).decode(errors="replace")[-4000:])


@contextmanager
def started(words: Sequence[str], out: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The emulator in ``words``, which prints to ``out``; killed at the end."""
    with out.open("wb") as file:
        guest = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield guest
    finally:
        with suppress(ProcessLookupError):
            os.killpg(guest.pid, signal.SIGKILL)
        guest.wait()


def said(guest: subprocess.Popen[bytes], path: Path, silence: float = SILENCE) -> Iterator[bytes]:
    """The lines that ``guest`` adds to the file at ``path``, until it ends or says nothing for too long."""
    seen, heard, running = 0, time.monotonic(), True
    while running and time.monotonic() < heard + silence:
        running = guest.poll() is None
        text = path.read_bytes()[seen:] if path.exists() else b""
        whole = text[: text.rfind(b"\n") + 1]
        yield from whole.splitlines()
        if whole:
            seen, heard = seen + len(whole), time.monotonic()
        elif running:
            time.sleep(PAUSE)


@contextmanager
def _prepared(call: str, arguments: tuple[object, ...], options: Options) -> Iterator[tuple[list[str], Path]]:
    """The command that starts a guest, and the folder in which it leaves console and result."""
    qemu = shutil.which("qemu-system-x86_64")
    if qemu is None:
        raise Unavailable("no qemu-system-x86_64 (package qemu-system-x86)")
    kernel = options.get("image") or next((trees.tree("cloud").root / "boot").glob("vmlinuz-*"))
    job = {
        "call": call,
        "arguments": arguments,
        "path": python_path(),
        "environ": {**options.get("environ", {})},
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "initrd").open("wb") as out:
            _initramfs(out, json.dumps(job), options.get("files", ()))
        words = [qemu, *MACHINE, "-cpu", options.get("cpu", "max")]
        words += ["-kernel", str(kernel), "-initrd", str(folder / "initrd")]
        words += ["-append", f"{CMDLINE} {options.get('cmdline', '')}"]
        words += [word for device in options.get("devices", ()) for word in ("-device", device)]
        words += ["-serial", f"file:{folder / CONSOLE}", "-serial", f"file:{folder / RESULT}"]
        yield words, folder


def _console(folder: Path) -> bytes:
    log = folder / CONSOLE
    return log.read_bytes() if log.exists() else b""


MACHINE = [
    *("-M", "pc", "-accel", "tcg", "-m", MEMORY),
    *("-nographic", "-no-reboot", "-nic", "none", "-monitor", "none"),
]
CMDLINE = "console=ttyS0 panic=-1 random.trust_cpu=on quiet loglevel=3 rdinit=/init"


def _initramfs(out: IO[bytes], job: str, files: Iterable[Path]) -> None:
    archive = Archive(out)
    archive.text("/init", f"#!{_python()} -IS\n{INIT.read_text()}", 0o755)
    archive.text("/job/job.json", job)
    for path in (*_interpreter(), *_package(), *files):
        archive.add(path)
    archive.close()


def _python() -> str:
    return os.path.realpath(Path(sys.base_prefix) / "bin" / f"python{sysconfig.get_python_version()}")


def _interpreter() -> Iterator[Path]:
    stdlib = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
    programs = [Path(_python()), *map(Path, PROGRAMS)]
    yield from (*programs, stdlib)
    packages = [path.rglob("*.so") for path in _package()]
    extensions = [*stdlib.glob("lib-dynload/*.so"), *itertools.chain.from_iterable(packages)]
    listed = subprocess.run(["ldd", *programs, *extensions], capture_output=True, text=True, check=True)
    yield from (Path(path) for path in sorted(set(re.findall(r"(/\S+) \(0x", listed.stdout))))


def _package() -> Iterator[Path]:
    yield REPOSITORY / "pymodutils"
    yield REPOSITORY / "tests"
    for folder in python_path()[1:]:
        yield from (Path(folder, name) for name in NEEDED if Path(folder, name).exists())


class Archive:
    """A cpio archive as the kernel unpacks it: "new ASCII" headers of 110 bytes, all padded to 4."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out = out
        self.known: set[str] = set()

    def add(self, path: Path) -> None:
        """Add the file, link (with its target) or folder ``path`` under its own name."""
        name = str(path)
        if name in self.known or LEFT_OUT.search(name) or name.endswith(("__pycache__", ".pyc")):
            return
        self._parents(path)
        if path.is_symlink():
            self.entry(name, stat.S_IFLNK | 0o777, os.readlink(path).encode())
            self.add(Path(os.path.normpath(path.parent / os.readlink(path))))
        elif path.is_dir():
            self.entry(name, stat.S_IFDIR | 0o755)
            for child in sorted(path.iterdir()):
                self.add(child)
        else:
            self.entry(name, path.stat().st_mode, path.read_bytes())

    def text(self, name: str, text: str, mode: int = 0o644) -> None:
        """Add a regular file with ``text``."""
        self._parents(Path(name))
        self.entry(name, stat.S_IFREG | mode, text.encode())

    def entry(self, name: str, mode: int, data: bytes = b"") -> None:
        """Add one entry as given; its folders must exist."""
        self.known.add(name)
        encoded = name.lstrip("/").encode() + b"\0"
        fields = (len(self.known), mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        for part in (header + encoded, data):
            self.out.write(part + b"\0" * (-len(part) % 4))

    def close(self) -> None:
        """Write the trailer, without which the kernel finds the archive damaged."""
        self.entry("/TRAILER!!!", 0)

    def _parents(self, path: Path) -> None:
        for parent in reversed(path.parents):
            if str(parent) in self.known or str(parent) == "/":
                continue
            if parent.is_symlink():
                self.add(parent)
            else:
                self.entry(str(parent), stat.S_IFDIR | 0o755)
