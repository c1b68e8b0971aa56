"""Stored answers of modinfo of kmod 34 about hand-made modules and names, for the quick tests.

``python -m tests.commands.modinfo_golden`` asks it again.
"""

from __future__ import annotations

import json
import lzma
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from tests.commands.modinfo import OPTIONS, theirs
from tests.elf import made
from tests.oracles import small
from tests.oracles.modprobe import Said

FILE: Final = Path(__file__).with_name("modinfo-golden.json.xz")
ROOT: Final = "ROOT"
RELEASE: Final = 34
NAMES: Final = (
    "ext4",
    "a-b",
    "fs_ext4",
    "pci:v1d2x",
    "dead",
    "unix",
    "net_pf_1",
    "nosuch",
    "a[b",
    "x.ko",
    "",
)
MADE: Final = {
    "no value": made.modinfo(b"license=GPL", b"novalue", b"name=x"),
    "empty strings": made.modinfo(b"", b"license=GPL", b"", b"", b"name=x", b""),
    "no end": made.module({".modinfo": b"license=GPL\0name=x"}),
    "nothing": made.modinfo(),
    "bad parameters": made.modinfo(b"parm=nocolon", b"parmtype=ok:int", b"parm=ok:desc", b"parmtype=no"),
    "only types": made.modinfo(b"parmtype=a:int", b"parmtype=b:uint"),
    "only descriptions": made.modinfo(b"parm=a:desc a", b"parm=b:desc b"),
    "order of parameters": made.modinfo(
        b"parmtype=t:int",
        b"parm=d:1",
        b"parm=b:2",
        b"parmtype=b:bool",
        b"parmtype=t:charp",
        b"parm=d:3",
        b"parm=b:4",
    ),
    "empty parameters": made.modinfo(b"parm=:d", b"parmtype=:int", b"parm=x:", b"parmtype=y:", b"parm="),
    "long keys": made.modinfo(b"exactly14chars=3", b"exactly15chars_=2", b"sixteen_chars_xx=4"),
    "empty keys": made.modinfo(b"=x", b"==", b"a==b"),
    "no ascii": made.modinfo(b"author=J\xf6rg", b"desc\xff=caf\xc3\xa9"),
    "newlines": made.modinfo(b"description=line1\nline2\n", b"parm=a:one\ntwo", b"parmtype=a:int"),
    "a file name": made.modinfo(b"filename=/etc/passwd"),
    "a signature": made.modinfo(b"sig_id=fake", b"signer=me"),
    "no section": made.module({".text": b"abc"}),
    "32 bit, big": made.module({".modinfo": b"a=b\0"}, 32, ">"),
    "32 bit, little": made.module({".modinfo": b"a=b\0"}, 32),
    "64 bit, big": made.module({".modinfo": b"a=b\0"}, 64, ">"),
    "signed": made.modinfo(b"license=GPL")
    + made.trailer(2, b"", b"", made.pkcs7(signature=bytes(range(45)))),
    "signed, long ago": made.modinfo(b"a=b") + made.trailer(1, b"Signer", bytes(range(41)), bytes(range(60))),
    "text": b"hello, world\n" * 9,
    "six bytes": b"abcdef",
    "four bytes": b"abcd",
    "zero bytes": b"",
    "a start": b"\x7fELFxx",
    "a header": made.modinfo(b"a=b")[:64],
    "class 3": b"\x7fELF\3" + made.modinfo(b"a=b")[5:],
    "byte order 3": b"\x7fELF\2\3" + made.modinfo(b"a=b")[6:],
    "version 0": b"\x7fELF\2\1\0" + made.modinfo(b"a=b")[7:],
    "a start of xz": b"\xfd7zXZ\0",
    "damaged xz": b"\xfd7zXZ\0" + bytes(40),
    "damaged zstd": b"\x28\xb5\x2f\xfd" + bytes(40),
}


@cache
def kept() -> dict[str, Said]:
    """The answers by question."""
    found: dict[str, list[object]] = json.loads(lzma.decompress(FILE.read_bytes()))
    return {question: Said(*answer) for question, answer in found.items()}  # type: ignore[arg-type]


def question(case: str, options: Sequence[str]) -> str:
    """Under which the answer about ``case`` is stored."""
    return f"{case}: {' '.join(options)}"


def answers(root: Path, ask: Callable[[list[str]], Said]) -> dict[str, Said]:
    """What ``ask`` says about each module, and about names in a directory below ``root``."""
    found: dict[str, Said] = {}
    path = root / "made-by.hand.ko"
    for case, data in MADE.items():
        path.write_bytes(data)
        found |= {question(case, options): ask([*options, str(path)]) for options in OPTIONS}
    for name in small.make(root).rglob("*.ko"):
        name.write_bytes(made.modinfo(b"license=GPL", b"name=" + name.stem.encode()))
    where = ["-b", str(root), "-k", small.RELEASE]
    for options in (["-n"], ["-m", "-n"], ["-F", "license"]):
        found |= {question(name, options): ask([*where, *options, name]) for name in NAMES}
    return {asked: below(said, root) for asked, said in found.items()}


def below(said: Said, root: Path) -> Said:
    """``said`` with paths below ``ROOT``."""
    return Said(said.out.replace(str(root), ROOT), said.err.replace(str(root), ROOT), said.status)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        document = json.dumps(
            answers(Path(folder), lambda words: theirs(RELEASE, *words)), separators=(",", ":")
        )
    FILE.write_bytes(lzma.compress(document.encode("utf-8", "surrogateescape"), preset=9))
