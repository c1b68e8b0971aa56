"""Command lines of each folder, run by kmod or by us."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.oracles.modprobe import Said, here, kmod
from tests.oracles.small import RELEASE

HERE = Path(__file__).parent
ROOTS = sorted(path.parent for path in HERE.glob("*/cases"))
DIRECTORIES = ("/etc/modprobe.d", "/lib/modprobe.d")

Asked = Callable[[Path, Path, list[str]], Said]


def theirs(case: Path, root: Path, words: list[str]) -> Said:
    """The result of kmod 34 with the configuration ``case``."""
    empty = root / "empty"
    empty.mkdir(exist_ok=True)
    mounts = {"/proc/cmdline": str(case / "proc/cmdline"), "/lib/modprobe.d": str(empty)}
    mounts["/etc/modprobe.d"] = str(case / "etc/modprobe.d")
    if words[:2] == ["--compat", "34"]:
        words = words[2:]
    return kmod(34, "-d", str(root), "-S", RELEASE, *words, mounts=mounts)


def ours(case: Path, root: Path, words: list[str]) -> Said:
    """Our result."""
    said = here("--sysroot", str(case), "-d", str(root), "-S", RELEASE, *words)
    return said._replace(out=said.out.replace(str(case), ""), err=said.err.replace(str(case), ""))


def answered(case: Path, root: Path, asked: Asked) -> str:
    """The file ``cases`` with the results of ``asked`` for its command lines."""
    lines = []
    for line in (case / "cases").read_text().splitlines():
        if line.startswith("$ "):
            said = asked(case, root, line.split()[1:])
            lines += [line, *said.out.splitlines(), *(f"! {text}" for text in said.err.splitlines())]
            lines += [f"= {said.status}"] if said.status else []
    return "\n".join(line.replace(str(root), "ROOT") for line in lines) + "\n"
