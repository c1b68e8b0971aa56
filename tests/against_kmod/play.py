"""Run a case with both and report differences; the intended ones are listed here with their reasons."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from tests.against_kmod import configurations, lines
from tests.depends.depmod.made import module
from tests.oracles import small
from tests.oracles.modprobe import Said, here, kmod
from tests.oracles.trees import COMPRESS

RELEASE: Final = "34"
HINT: Final = re.compile(
    r"there are no modules of|no support for loadable modules|the kernel's log tells|may load"
    r"|is not an ELF file$|: INFO: |could not open '/sys/module/.*/holders'"
)
ZSTD: Final = re.compile(r"zstd: .*")
QUESTIONS: Final = (
    ["-c"],
    ["-a", "-D", *small.DEP, *small.ALIASES],
    ["-a", "-R", *small.ALIASES, "q", "a-b"],
)
WHERE: Final = {"modprobe": ("-d", "-S"), "modinfo": ("-b", "-k")}


class Difference(NamedTuple):
    """A case with different results."""

    case: str
    ours: Said
    theirs: Said


class Listed(NamedTuple):
    """An intended difference, and its reason."""

    why: str
    applies: Callable[[Said, Said], bool]


def machine(root: Path) -> Path:
    """Make modules, configuration and odd files below ``root``; the working directory of all cases."""
    modules = small.make(root)
    for name in small.DEP:
        data = module(info=[b"license=GPL", b"parm=a:b", b"parmtype=a:int", b"alias=of-" + name.encode()])
        (modules / f"kernel/{name}.ko").write_bytes(data)
    work = root / "work"
    (work / "conf").mkdir(parents=True)
    (work / "folder.ko").mkdir()
    (work / "conf/a.conf").write_text("alias q loop\noptions loop a=1\nblacklist dummy\n")
    whole = module(info=[b"license=GPL"], exports={b"x": 1})
    packed = {kind: COMPRESS[kind](whole) for kind in ("xz", "zst")}
    files = {
        "dummy.ko": whole,
        "text.ko": b"hello, world\n" * 9,
        "short.ko": b"abc",
        "cut.ko.xz": packed["xz"][:40],
        "flip.ko.zst": packed["zst"][:-1] + b"x",
        "symvers": b"0x00000001\tprintk\tvmlinux\tEXPORT_SYMBOL\n",
        "System.map": b"0 T __ksymtab_printk\n",
    }
    for name, data in files.items():
        (work / name).write_bytes(data)
    return work


def play_line(root: Path, number: int) -> Difference | None:
    """Run command line ``number`` with both."""
    tool, words = lines.line(number)
    if tool in WHERE:
        base, release = WHERE[tool]
        words = [base, str(root), release, small.RELEASE, *words]
    elif tool == "depmod":
        words = ["-n", "-b", str(root), *words, small.RELEASE]
    theirs = kmod(int(RELEASE), *words, tool=tool, cwd=str(root / "work"))
    compat = ["--compat", RELEASE] if tool in ("modprobe", "depmod") else []
    os.chdir(root / "work")
    ours = here(*compat, *words, tool=tool)
    return _judged(f"line {number}: {tool} {words[4:]}", ours, theirs)


def play_configuration(root: Path, number: int) -> Difference | None:
    """Run configuration ``number`` with both; the first query with different results."""
    sysroot = root / f"configuration-{number}"
    conf = sysroot / "etc/modprobe.d"
    conf.mkdir(parents=True)
    (sysroot / "proc").mkdir()
    (sysroot / "empty").mkdir()
    for name, data in configurations.files(number).items():
        (sysroot / "proc" / name if name == "cmdline" else conf / name).write_bytes(data)
    mounts = {"/proc/cmdline": str(sysroot / "proc/cmdline")}
    for question in QUESTIONS:
        asked = ["-C", str(conf), "-d", str(root), "-S", small.RELEASE, *question]
        ours = here("--sysroot", str(sysroot), "--compat", RELEASE, *asked)
        theirs = kmod(int(RELEASE), *asked, mounts=mounts)
        if found := _judged(f"configuration {number}: {question[0:2]}", ours, theirs):
            return found
    return None


def _judged(case: str, ours: Said, theirs: Said) -> Difference | None:
    if ours == theirs or any(each.applies(ours, theirs) for each in LISTED):
        return None
    return Difference(case, ours, theirs)


def _ambiguous(said: Said) -> str:
    """The message about an ambiguous option without the possibilities."""
    return re.sub(r"; possibilities:.*", "", said.err)


def _kmods(err: str) -> str:
    """``err`` without our hints, kmod's internal messages, and reasons for damaged zstd.

    kmod decompresses in one call, we in pieces, which may hit another fault first.
    """
    return "".join(ZSTD.sub("zstd", line) for line in err.splitlines(keepends=True) if not HINT.search(line))


LISTED: Final = (
    Listed(
        "ours says what to do, kmod what its library does",
        lambda ours, kmods: (ours.out, _kmods(ours.err)) == (kmods.out, _kmods(kmods.err)),
    ),
    Listed(
        "kmod says nothing of a name with an unmatched bracket that is to be removed, and goes on",
        lambda ours, _: re.search(r"Module \S*[\[\]]\S* not found\.", ours.err) is not None,
    ),
    Listed(
        "kmod complains of each soft dependency with an unmatched bracket, and changes the order of others",
        lambda _, kmods: "failed to lookup dependency '" in kmods.err,
    ),
    Listed(
        "kmod takes a module without a name for one in /sys/module",
        lambda _, kmods: "'/sys/module//holders'" in kmods.err,
    ),
    Listed(
        "kmod judges the value of an option before it reads the next one",
        lambda _, kmods: re.search("unexpected wait value|-P only takes", kmods.err) is not None,
    ),
    Listed(
        "ours takes module files for depmod without a version before them",
        lambda _, kmods: "depmod: ERROR: Bad version passed /" in kmods.err,
    ),
    Listed(
        "kmod crashes or hangs, for instance of soft dependencies in a circle",
        lambda _, kmods: kmods.status < 0,
    ),
    Listed(
        "getopt lists the names that an abbreviation may mean in its own order",
        lambda ours, kmods: "ambiguous" in ours.err and _ambiguous(ours) == _ambiguous(kmods),
    ),
)
