"""In a guest: loaded modules, logs, a holder, and tools to run."""

import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import time
from typing import Any, Self

libc = ctypes.CDLL(None, use_errno=True)
NOBODY = 65534
LONGEST = 60  # seconds that one command may take
PATIENCE = 10  # seconds until a module must have gone
TIMESTAMP = re.compile(r"^(<\d+>)\w{3} [ \d]\d [\d:]{8} ")


class Journal:
    """The new messages in /dev/log and the kernel's log."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        self.kmsg = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        self.kernel()

    def syslog(self) -> list[str]:
        """Messages to syslog without their time."""
        found = []
        while True:
            try:
                found.append(TIMESTAMP.sub(r"\1", self.socket.recv(8192).decode()))
            except BlockingIOError:
                return found

    def kernel(self) -> list[str]:
        """Lines of the kernel's log."""
        found: list[str] = []
        while True:
            try:
                record = os.read(self.kmsg, 8192).decode(errors="replace")
            except BlockingIOError:
                return found
            found.append(record.partition(";")[2].splitlines()[0])


def loaded() -> list[tuple[str, str, str, str]]:
    """Name, reference count, holders and taint letters of each module, newest first."""
    with open("/proc/modules", encoding="ascii") as file:
        fields = [line.split(" ") for line in file.read().splitlines()]
    return [(f[0], f[2], f[3], _read(f"/sys/module/{f[0]}/taint")) for f in fields]


def unload_all() -> None:
    """Remove every module; raises RuntimeError if one cannot be removed for some seconds."""
    deadline = time.monotonic() + PATIENCE
    while modules := loaded():
        for name, users, *_ in modules:
            if users == "0":
                libc.syscall(176, name.encode(), os.O_NONBLOCK)
        if time.monotonic() > deadline:
            raise RuntimeError(f"cannot remove {modules}")


def insert(path: str) -> None:
    """Load ``path`` by system call; raises OSError."""
    fd = os.open(path, os.O_RDONLY)
    if libc.syscall(313, fd, b"", 0):
        code = ctypes.get_errno()
        raise OSError(code, f"{path}: {os.strerror(code)}")
    os.close(fd)


class Holder:
    """A process that keeps an overlay mounted, and so the module overlay in use, for some seconds."""

    def __init__(self, seconds: float) -> None:
        for name in ("lower", "upper", "work", "merged"):
            os.makedirs(f"/run/overlay/{name}", exist_ok=True)
        data = b"lowerdir=/run/overlay/lower,upperdir=/run/overlay/upper,workdir=/run/overlay/work"
        if libc.mount(b"overlay", b"/run/overlay/merged", b"overlay", 0, data):
            raise OSError(ctypes.get_errno(), "cannot mount an overlay")
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        self.child = os.fork()
        if not self.child:
            signal.sigtimedwait({signal.SIGTERM}, seconds)
            libc.umount(b"/run/overlay/merged")
            os._exit(0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def end(self) -> None:
        """Stop capturing."""
        os.kill(self.child, signal.SIGTERM)
        os.waitpid(self.child, 0)


class Outcome(dict[str, object]):
    """The result of a command: ``step``, ``out``, ``err``, ``status``, and modules and logs after it."""


def run(words: list[str], *, user: int | None = None) -> Outcome:
    """Run a command in a new process; without ``user`` by vfork, because copying ours is slow."""
    who: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    with Captured() as captured:
        started = time.monotonic()
        done = subprocess.run(words, stdin=subprocess.DEVNULL, timeout=LONGEST, check=False, **who)
    return captured.outcome(done.returncode, time.monotonic() - started)


def fork(words: list[str], *, user: int | None = None, interrupt: float = 0) -> Outcome:
    """Run one of our commands in a child; ``interrupt``: send SIGINT after so many seconds."""
    with Captured() as captured:
        started = time.monotonic()
        child = os.fork()
        if not child:
            _become(words, user)
        if interrupt:
            time.sleep(interrupt)
            os.kill(child, signal.SIGINT)
        _, status = os.waitpid(child, 0)
    return captured.outcome(os.waitstatus_to_exitcode(status), time.monotonic() - started)


def call(words: list[str]) -> Outcome:
    """Run one of our commands in this process: forking Python is slow in these guests."""
    from pymodutils import cli  # noqa: PLC0415 -- the path is set when the job is known

    environ = {**os.environ}
    with Captured() as captured:
        started = time.monotonic()
        status = cli.run(words[0], words[0], cli.TOOLS[words[0]], words[1:])
    os.environ.clear()
    os.environ.update(environ)
    return captured.outcome(status, time.monotonic() - started)


class Captured:
    """Captures stdout and stderr, including the file descriptors, within the ``with``."""

    def __enter__(self) -> Self:
        self.saved = [os.dup(fd) for fd in (1, 2)]
        self.files = [os.memfd_create(name) for name in ("out", "err")]
        for fd, file in zip((1, 2), self.files, strict=True):
            os.dup2(file, fd)
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        for fd, saved in zip((1, 2), self.saved, strict=True):
            os.dup2(saved, fd)
            os.close(saved)

    def outcome(self, status: int, seconds: float) -> Outcome:
        """The captured text."""
        out, err = (os.pread(fd, 1 << 20, 0).decode(errors="surrogateescape") for fd in self.files)
        for fd in self.files:
            os.close(fd)
        return Outcome(out=out, err=err, status=status, seconds=seconds)


def _become(words: list[str], user: int | None) -> None:
    from pymodutils import cli  # noqa: PLC0415 -- as in call()

    signal.alarm(LONGEST)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    cli.main(words)


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def python() -> list[str]:
    """The command words of a fresh interpreter with this one's path."""
    code = f"import sys; sys.path[:0] = {sys.path!r}; from pymodutils.cli import main; main(sys.argv[1:])"
    return [sys.executable or "/usr/bin/python3", "-c", code]
