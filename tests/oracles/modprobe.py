"""Run a tool of kmod (by default modprobe) and ours with the same words."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from pymodutils import cli
from tests.oracles.debian import Unavailable
from tests.oracles.kmod import kmod30, kmod34

KMOD = {30: kmod30, 34: kmod34}
PLACE = re.compile(
    rb"\.\./(libkmod|tools)/\S+:\d+ (\w+\(\) )?"
)  # Debian's debugging messages name their line


class Said(NamedTuple):
    """Standard output, standard error, exit status."""

    out: str
    err: str
    status: int


def kmod(
    release: int,
    *words: str,
    tool: str = "modprobe",
    environment: Mapping[str, str] | None = None,
    cwd: str | None = None,
    mounts: Mapping[str, str] | None = None,
) -> Said:
    """The result of kmod 30 or 34; ``mounts`` (path -> file or directory) are bound in its namespace."""
    command = [*KMOD[release](tool), *words]
    if mounts:
        binds = " && ".join(
            f"{{ [ -e '{place}' ] || mkdir -p '{place}'; }} && mount --bind '{path}' '{place}'"
            for place, path in mounts.items()
        )
        command = ["unshare", "-m", "sh", "-c", f'{binds} && exec "$@"', "sh", *command]
    done = subprocess.run(
        command, env=_environment(environment), cwd=cwd, capture_output=True, check=False, timeout=60
    )
    err = re.sub(rb"libkmod: ERROR (?=[a-z])", b"libkmod: ERROR: ", PLACE.sub(b"", done.stderr))
    return Said(_text(done.stdout), _text(err), done.returncode)


def lay_loaded(
    root: Path, modules: Mapping[str, tuple[str, int | None, Sequence[str]]], cmdline: str
) -> None:
    """Make a /sys/module of ``modules`` (name -> state, use count, holders) and a /proc/cmdline."""
    for name, (state, users, holders) in modules.items():
        folder = root / "sys/module" / name
        (folder / "holders").mkdir(parents=True)
        (folder / "initstate").write_text(f"{state}\n")
        if users is not None:
            (folder / "refcnt").write_text(f"{users}\n")
        for holder in holders:
            (folder / "holders" / holder).symlink_to(f"../../{holder}")
    (root / "proc").mkdir()
    (root / "proc/cmdline").write_text(cmdline)


def loaded_mounts(root: Path) -> dict[str, str]:
    """The ``mounts`` of kmod that show what ``lay_loaded`` made below ``root``."""
    return {place: f"{root}{place}" for place in ("/sys/module", "/proc/cmdline")}


def need_namespaces() -> None:
    """Raise Unavailable unless directories can be bound over others here."""
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        raise Unavailable("no right to make mount namespaces")


def ours(
    *words: str, tool: str = "modprobe", environment: Mapping[str, str] | None = None, cwd: str | None = None
) -> Said:
    """The result of our tool as a process of its own."""
    command = [sys.executable, "-m", "pymodutils", tool, *words]
    home = {"PYTHONPATH": str(Path(__file__).parents[2]), **(environment or {})}
    done = subprocess.run(
        command, env=_environment(home), cwd=cwd, capture_output=True, check=False, timeout=60
    )
    return Said(_text(done.stdout), _text(done.stderr), done.returncode)


def here(*words: str, tool: str = "modprobe") -> Said:
    """The result of our tool in this process: for thousands of cases without commands."""
    kept, environment = (sys.stdout, sys.stderr), dict(os.environ)
    out, err = (TextIOWrapper(BytesIO(), "utf-8", "surrogateescape", newline="\n") for _ in range(2))
    os.environ.pop("MODPROBE_OPTIONS", None)
    sys.stdout, sys.stderr = out, err
    try:
        status = cli.run(tool, tool, {**cli.TOOLS, **cli.SUBCOMMANDS, **cli.OF_MODUTILS}[tool], words)
    finally:
        sys.stdout, sys.stderr = kept
        os.environ.clear()
        os.environ.update(environment)
    return Said(_written(out), _written(err), status)


def _written(stream: TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    names = ("PATH", "HOME", "LANG")
    return {**{name: os.environ[name] for name in names if name in os.environ}, **(more or {})}


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
