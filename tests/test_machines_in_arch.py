"""No folder but arch/ names an architecture or an e_machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pymodutils
from pymodutils import arch

PACKAGE = Path(pymodutils.__file__).parent
FOLDERS = {
    "arch": "a row for each machine",
    "dyn": "machines of the shared-object experiment of 2.5, rows as in arch/",
    "linux24": "machines of modutils 2.4, rows as in arch/",
    "machine": "processors that kernels boot on, a folder for each",
}
FILES = {
    "elf/constants.py": "numbers of ELF, of which STT_REGISTER is SPARC's",
    "elf/decode.py": "the same; depmod passes over such symbols before it knows an architecture",
    "talk/lines.py": "words of the talk",
    "commands/talk.py": "the talk's other machine",
}
E_MACHINE = re.compile(r"EM_[A-Z0-9_]+")


def spelled() -> re.Pattern[str]:
    """An architecture as the kernel or uname -m names it, alone in a string or beside other words."""
    names = {name for it in arch.every() for name in (it.name, it.machine_name)} | arch.UNAMES.keys()
    plain = {"arc", "arm", "alpha", "um", "mips", "sparc"}  # words of their own too: only whole strings
    some = "|".join(map(re.escape, sorted(names - plain - {"sh"}, key=len, reverse=True)))  # sh is a shell
    return re.compile(rf"(?<![\w./-])({some})(?![\w.-])|^({'|'.join(plain)})$")


def names_of_machines(path: Path, words: re.Pattern[str]) -> Iterator[str]:
    """The names and strings in ``path`` that name a machine, except docstrings."""
    tree = ast.parse(path.read_text())
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and E_MACHINE.fullmatch(node.id):
            yield f"{node.lineno}: {node.id}"
        if isinstance(node, ast.alias) and E_MACHINE.fullmatch(node.name):
            yield f"{node.lineno}: {node.name}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield from (f"{node.lineno}: {found[0]}" for found in words.finditer(node.value))


def findings() -> dict[str, list[str]]:
    words, found = spelled(), {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = str(path.relative_to(PACKAGE))
        if name.partition("/")[0] not in FOLDERS and (names := list(names_of_machines(path, words))):
            found[name] = names
    return found


def test_only_the_rows_of_arch_name_machines() -> None:
    found = findings()
    assert {name: places for name, places in found.items() if name not in FILES} == {}
    assert found.keys() == FILES.keys()  # no exception outlives its reason


def test_a_name_is_seen(tmp_path: Path) -> None:
    (tmp_path / "keyed.py").write_text(
        'from e import EM_ARM\nROWS = {"riscv": 1, "no name": "for arm64 only"}\n'
    )
    found = list(names_of_machines(tmp_path / "keyed.py", spelled()))
    assert found == ["1: EM_ARM", "2: riscv", "2: arm64"]
