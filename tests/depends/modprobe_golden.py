"""Stored answers of modprobe of kmod 30 and 34 about a small directory, for the quick tests.

``python -m tests.depends.modprobe_golden`` asks both again.
"""

from __future__ import annotations

import json
import lzma
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.oracles import small
from tests.oracles.modprobe import KMOD, Said, here, kmod, lay_loaded, loaded_mounts

FILE: Final = Path(__file__).with_name("modprobe-golden.json.xz")
ROOT: Final = "ROOT"
LINES: Final = """\
alias lo* loop
alias l[!o]op dummy
alias fs-ext4 vfat
alias dead-* gone
alias a-b[x-y] a-b
alias q a\\
bc
options loop max=1  x="y z"
options ext4\ta=1
options fs_ext4 wide=2
options l* narrow=\t3\x20
install crc7 /bin/echo $CMDLINE_OPTS "$CMDLINE_OPTS"
remove fat echo gone
blacklist dummy
softdep vfat pre: jbd2 post: crc7 a-b
softdep msdos post: loop pre: dummy
softdep ext4 pre: loop loop
weakdep vfat fat crc7 \x20dummy
#comment
include /x
options
alias one
install crc16
nonsense x
"""
CHAIN: Final = "softdep loop pre: dummy\nsoftdep dummy post: crc7\nsoftdep crc7 pre: fat\n"
CONFS: Final = {
    "none": {},
    "lines": {"a.conf": LINES},
    "several": {
        "9.conf": "options fat late=1\nblacklist loop\nblacklist crc7\n",
        "10.conf": "options fat early=1\ninstall dummy first\n",
        "B.conf": "install dummy second\nremove dummy x $CMDLINE_OPTS\nremove dummy y\n",
        ".x.conf": "install fat hidden\n",
        "z.txt": "install fat no conf\n",
    },
    "chain": {"a.conf": CHAIN},
}
NAMES: Final = (
    *small.DEP,
    *("fs-ext4", "fs_vfat", "pci:v1d2x", "pci:v1d9", "dead", "dead-x", "a-bx", "lxop", "lop", "q", "abc"),
    *("unix", "rtc-cmos", "net-pf-1", "symbol:fat_scan", "nosuch"),
)
WORDS: Final = (
    *(("-a", *options, *NAMES) for options in (("-D",), ("-D", "-i"), ("-D", "-b"), ("-R",), ("-r", "-D"))),
    *(("-D", name, "a=1", "b=c d", 'e="f g"') for name in ("ext4", "loop", "crc7", "unix")),
    *(("-b", *words) for words in (("-D", "dummy"), ("-R", "dummy"), ("-n", "fs-ext4"))),
    *((*words, name) for words in (("-D",), ("-R",), ("-q", "-D"), ("-r", "-D")) for name in ("nosuch", "")),
    *(("-D",), ("-R",), ("-c",), ("-D", "loop.ko"), ("-D", "LOOP"), ("-D", "--", "loop", "-x")),
)
LOADED: Final = {  # name -> state, use count, holders
    "vfat": ("live", 0, ()),
    "fat": ("live", 2, ("vfat", "msdos")),
    "msdos": ("live", 0, ()),
    "ext4": ("live", 0, ()),
    "jbd2": ("live", 0, ()),
    "mbcache": ("live", 1, ("ext4",)),
    "crc7": ("coming", None, ()),
    "loop": ("live", 3, ()),
}
CMDLINE: Final = 'quiet crc7.x=y loop.a="b c" modprobe.blacklist=dummy,a-b "ext4.q=r s" crc7 .z=1 fat.\n'
ON_KERNEL: Final = (
    *(("-nv", name) for name in ("vfat", "msdos", "crc7", "dummy", "a_b", "unix", "ext4")),
    *(("-nv", "--first-time", name) for name in ("vfat", "crc7", "unix", "dummy")),
    *(("-rnv", name) for name in ("vfat", "fat", "ext4", "crc7", "unix", "loop", "dummy", "jbd2")),
    *(("-rnv", "nosuch", "vfat"), ("-arnv", "nosuch", "fat", "vfat"), ("-qrnv", "nosuch", "fat", "vfat")),
    ("-rnv", "--first-time", "dummy"),
    *(("-rD", "--remove-holders", "fat"), ("-rnv", "-i", "ext4"), ("-nv", "crc7", "x=1"), ("-c",)),
    *(("-n", "-b", "dummy"), ("-nvb", "a-b"), ("-D", "ext4"), ("-anv", "vfat", "dummy", "crc7")),
)

Ask = Callable[[int, list[str], Path], Said]  # a release, words, and the root below which all lies


def kept() -> dict[str, Said]:
    """The answers by question."""
    found: dict[str, list[object]] = json.loads(lzma.decompress(FILE.read_bytes()))
    return {question: Said(*answer) for question, answer in found.items()}  # type: ignore[arg-type]


def answers(root: Path, ask: Ask) -> dict[str, Said]:
    """What ``ask`` says to each question, about a directory below ``root``."""
    _lay(root)
    where = ["-d", str(root), "-S", small.RELEASE]
    asked = {
        f"{conf}: {' '.join(words)}": ["-C", f"{root}/{conf}", *words] for conf in CONFS for words in WORDS
    }
    asked |= {f"loaded: {' '.join(words)}": ["-C", "/nonexistent", *words] for words in ON_KERNEL}
    return {
        f"{release}: {question}": _below(ask(release, [*where, *words], root), root)
        for release in KMOD
        for question, words in asked.items()
    }


def _below(said: Said, root: Path) -> Said:
    return Said(said.out.replace(str(root), ROOT), said.err.replace(str(root), ROOT), said.status)


def _lay(root: Path) -> None:
    modules = small.make(root)
    (modules / "modules.weakdep").write_text("weakdep ext4 vfat dummy\n")
    for conf, files in CONFS.items():
        (root / conf).mkdir()
        for name, text in files.items():
            (root / conf / name).write_text(text)
    lay_loaded(root, LOADED, CMDLINE)


def ours(release: int, words: list[str], root: Path) -> Said:
    """What our modprobe says, in this process."""
    return here("--sysroot", str(root), "--compat", str(release), *words)


def kmods(release: int, words: list[str], root: Path) -> Said:
    """What kmod's says, on a kernel of which it sees what lies below ``root``."""
    return kmod(release, *words, mounts=loaded_mounts(root))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        document = json.dumps(answers(Path(folder), kmods), separators=(",", ":"))
    FILE.write_bytes(lzma.compress(document.encode("utf-8", "surrogateescape"), preset=9))
