"""Inside the guest: shell lines with our tools first in PATH."""

from __future__ import annotations

import os
import subprocess
import sys

TOOLS = ("insmod", "rmmod", "modprobe", "modinfo", "depmod", "lsmod")
BIN = "/run/bin"


def main(modules: str, lines: list[str]) -> list[tuple[str, str, int]]:
    """Each line with its output and exit status; ``modules`` becomes the kernel's module directory."""
    os.makedirs("/lib/modules", exist_ok=True)
    os.symlink(modules, f"/lib/modules/{os.uname().release}")
    os.mkdir(BIN)
    for tool in TOOLS:
        with open(f"{BIN}/{tool}", "w", opener=_executable) as file:
            file.write(f'#!/bin/sh\nexec {sys.executable} -m pymodutils {tool} "$@"\n')
    environment = {
        **os.environ,
        "PATH": f"{BIN}:/usr/sbin:/usr/bin:/sbin:/bin",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "LC_ALL": "C.UTF-8",
    }
    return [_run(line, environment) for line in lines]


def _executable(path: str, flags: int) -> int:
    return os.open(path, flags, 0o755)


def _run(line: str, environment: dict[str, str]) -> tuple[str, str, int]:
    done = subprocess.run(
        ["sh", "-c", line],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return line, done.stdout, done.returncode
