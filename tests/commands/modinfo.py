"""Run modinfo, ours and kmod's."""

from __future__ import annotations

from tests.oracles.modprobe import Said, here, kmod
from tests.oracles.trees import Tree

OPTIONS: tuple[list[str], ...] = (
    [],
    ["-0"],
    ["-p"],
    ["-0", "-p"],
    ["-a"],
    ["-d"],
    ["-l"],
    ["-n"],
    ["-n", "-0"],
    ["-F", "alias"],
    ["-F", "parmtype"],
    ["-F", "vermagic", "-0"],
    ["-F", "sig_key"],
    ["-F", "signature"],
    ["-F", "nosuch"],
    ["-F", ""],
    ["-a", "-l"],
    ["-F", "name", "--license"],
    ["--par"],
)


def quiet(said: Said) -> Said:
    """``said`` without messages of libkmod, and without our hint about an empty module directory."""
    dropped = "libkmod: ", "modinfo: WARNING: there are no modules"
    kept = [line for line in said.err.splitlines(keepends=True) if not line.startswith(dropped)]
    return said._replace(err="".join(kept))


def theirs(release: int, *words: str, cwd: str | None = None) -> Said:
    return quiet(kmod(release, *words, tool="modinfo", cwd=cwd))


def mine(*words: str) -> Said:
    return quiet(here(*words, tool="modinfo"))


def files(tree: Tree, every: int = 1) -> list[str]:
    return sorted(map(str, tree.modules.rglob("*.ko*")))[::every]
