"""Debian packages, fetched by apt-get into a cache and unpacked there, never installed.

Each (suite, architecture) has an apt folder of its own, so foreign ones leave the machine's dpkg alone.
The mirror is the one that the machine's own apt uses.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
TRIES = 3
SOURCE = "source"  # instead of an architecture
failed: dict[Path, Unavailable] = {}  # what this process need not try again


class Unavailable(Exception):
    """A package is not available, and why."""


def cache() -> Path:
    """The folder of everything fetched or built, outside the repository."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "pymodutils" / "oracles"


def unpacked(package: str, suite: str = "bookworm", arch: str = "amd64") -> Path:
    """The folder with the contents of ``package``, fetched if absent.

    Raises Unavailable after three tries.
    """
    folder = cache() / f"{suite}-{arch}" / package
    if folder.is_dir():
        return folder
    if folder in failed:
        raise failed[folder]
    with locked(f"{suite}-{arch}"):
        try:
            if not folder.is_dir():
                _unpack(_download(package, suite, arch), folder)
        except Unavailable as error:
            failed[folder] = error
            raise
    return folder


def fetched(package: str, suite: str = "bookworm", arch: str = "amd64") -> Path:
    """The file of ``package`` itself, fetched if absent; raises Unavailable as ``unpacked`` does."""
    place = cache() / f"{suite}-{arch}" / f"{package}.deb"
    with locked(f"{suite}-{arch}"):
        if not place.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            _download(package, suite, arch).rename(place)
    return place


def source(package: str, suite: str = "sid") -> Path:
    """The folder with the upstream sources of ``package``, fetched if absent; raises as ``unpacked``."""
    folder = cache() / f"{suite}-{SOURCE}" / package
    with locked(f"{suite}-{SOURCE}"):
        if not folder.is_dir():
            partial = folder.with_name(f"{package}.{os.getpid()}.partial")
            partial.mkdir(parents=True)
            words = ["-qq", "--only-source", "--tar-only", "source", package]
            _retry(lambda: _apt("apt-get", suite, SOURCE, *words, cwd=partial))
            (archive,) = partial.glob(f"{package}_*.orig.tar.*")
            subprocess.run(["tar", "--strip-components=1", "-xf", archive.name], cwd=partial, check=True)
            archive.unlink()
            partial.rename(folder)
    return folder


def newest(meta: str, suite: str = "bookworm", arch: str = "amd64") -> str:
    """The package that the metapackage ``meta`` (``linux-image-amd64``) depends on, of its own kind."""
    note = cache() / f"{suite}-{arch}" / f"{meta}.depends"
    if not note.is_file():
        with locked(f"{suite}-{arch}"):
            shown = _retry(lambda: _apt("apt-cache", suite, arch, "show", f"{meta}:{arch}"))
        kind = "-".join(meta.split("-")[:2])
        depends = re.search(rf"^Depends: (?:.*, )?({kind}-[^ ,]+)", shown, re.MULTILINE)
        if depends is None:
            raise Unavailable(f"{meta} of {suite} depends on no {kind}")
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(depends[1])
    return note.read_text()


def _download(package: str, suite: str, arch: str) -> Path:
    folder = cache() / "debs" / f"{suite}-{arch}"
    folder.mkdir(parents=True, exist_ok=True)
    _retry(lambda: _apt("apt-get", suite, arch, "-qq", "download", f"{package}:{arch}", cwd=folder))
    return max(folder.glob(f"{package}_*.deb"), key=lambda deb: deb.stat().st_mtime)


def _unpack(deb: Path, folder: Path) -> None:
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    subprocess.run(["dpkg-deb", "-x", deb, partial], check=True)
    partial.rename(folder)
    deb.unlink()


def _apt(tool: str, suite: str, arch: str, *words: str, cwd: Path | None = None) -> str:
    folder = _apt_folder(suite, arch)
    done = subprocess.run(
        [tool, "-c", str(folder / "apt.conf"), *words], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Unavailable(f"{tool} {' '.join(words)}: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


def _apt_folder(suite: str, arch: str) -> Path:
    folder = cache() / "apt" / f"{suite}-{arch}"
    if (folder / "ready").exists():
        return folder
    for part in ("lists/partial", "cache/archives/partial", "parts"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    kind, arch = ("deb-src", "amd64") if arch == SOURCE else ("deb", arch)
    (folder / "sources.list").write_text(f"{kind} [signed-by={KEYRING}] {_mirror()} {suite} main\n")
    (folder / "apt.conf").write_text(_apt_conf(folder, arch))
    subprocess.run(
        ["apt-get", "-c", str(folder / "apt.conf"), "-qq", "update"], check=True, capture_output=True
    )
    if not any(
        (folder / "lists").glob("*_Packages*" if kind == "deb" else "*_Sources*")
    ):  # apt-get calls that a success
        raise Unavailable(f"the archive cannot be reached for {suite}, {arch}")
    (folder / "ready").touch()
    return folder


def _apt_conf(folder: Path, arch: str) -> str:
    settings = {
        "APT::Architecture": arch,
        "APT::Architectures": arch,
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Dir::State::Lists": folder / "lists",
        "Dir::State::Status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": folder / "parts",
    }
    return "".join(f'{name} "{value}";\n' for name, value in settings.items())


def _mirror() -> str:
    """The site from which the machine's own apt takes Debian's main suite."""
    if not shutil.which("apt-get"):
        raise Unavailable("no apt-get on this machine")
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(LABEL)"]
    targets = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in targets.splitlines():
        uri, _, origin = line.partition(" ")
        if origin == "Debian Debian":
            return uri
    raise Unavailable("the machine's apt has no Debian archive: run apt-get update")


def _retry(step: Callable[[], str]) -> str:
    """The result of ``step``, retried with pauses because mirrors are sometimes inconsistent."""
    last: Exception | None = None
    for attempt in range(TRIES):
        try:
            return step()
        except (Unavailable, subprocess.CalledProcessError) as error:
            last = error
            time.sleep(2 * attempt)
    raise Unavailable(f"after {TRIES} tries: {last}")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock ``name`` of the cache, so that only one process generates an entry."""
    path = cache() / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
