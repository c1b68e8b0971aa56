"""Relocations of live patches; Documentation/livepatch/module-elf-format.rst."""

from __future__ import annotations

from struct import pack
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from pymodutils.arch.x86 import X86_64
from pymodutils.kernel.emulated.load import klp_apply_section_relocs as klp

SHF_RELA_LIVEPATCH, SHN_LIVEPATCH, SHT_RELA = 0x0010_0000, 0xFF20, 4
KALLSYMS = {b"twice": (0x1000, 0x2000), b"once": (0x3000,)}
SECTION = ".klp.rela.vmlinux..text"


class RefusedError(Exception):
    """The kernel's log."""


class Symbols:
    """A symbol table."""

    def __init__(self, names: list[str], sections: list[int]) -> None:
        self.names, self.name, self.sections = names, names.__getitem__, sections

    def __len__(self) -> int:
        return len(self.names)


class Load:
    """A module with one relocation section against ``symbols``."""

    def __init__(
        self, name: str, *symbols: str, marked: bool = True, release: tuple[int, int] = (6, 1)
    ) -> None:
        section = SimpleNamespace(name=name, sh_flags=SHF_RELA_LIVEPATCH | 4, sh_type=SHT_RELA)
        self.sections, self.values = [section], [0] * (len(symbols) + 1)
        names = ["", *symbols]
        index = SHN_LIVEPATCH if marked else 0
        self.object = SimpleNamespace(
            arch=X86_64, symbols=Symbols(names, [0] + [index] * len(symbols)), symtab=7
        )
        data = b"".join(pack("<QQq", 8 * at, at << 32 | 1, 0) for at in range(1, len(names)))
        self.image = SimpleNamespace(section=lambda _at: data)
        self.rules = SimpleNamespace(since=lambda *since: release >= since)
        self.modules, self.exports, self.livepatch, self.kallsyms = {"ext4"}, {"exported": 0x5000}, True, True
        self.state = SimpleNamespace(
            blob=lambda _name: b"known" if self.kallsyms else b"",
            export=self._export,
            find=lambda name: name if name in self.modules else None,
        )

    def _export(self, name: str) -> Any:
        address = self.exports.get(name)
        return address and SimpleNamespace(owner=None, export=SimpleNamespace(address=address))

    def on(self, _option: str) -> bool:
        return self.livepatch

    def refuse(self, code: int, text: str) -> NoReturn:
        assert code == 22
        raise RefusedError(text)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        klp, "addresses", lambda _blob, names: {name: KALLSYMS[name] for name in names if name in KALLSYMS}
    )


def applies(load: Load) -> bool:
    return klp.applies(load, 0)  # type: ignore[arg-type]


def test_symbols_of_the_kernel_are_found_by_their_position() -> None:
    names = (
        ".klp.sym.vmlinux.once,0",
        ".klp.sym.vmlinux.once,1",
        ".klp.sym.vmlinux.twice,2",
        ".klp.sym.ext4.x,0",
    )
    load = Load(SECTION, *names)
    assert applies(load)
    assert load.values == [0, 0x3000, 0x3000, 0x2000, 0]


@pytest.mark.parametrize(
    ("symbol", "said"),
    [
        ("vmlinux.absent,0", "symbol 'absent' not found in symbol table"),
        ("vmlinux.absent,1", "symbol 'absent' not found in symbol table"),
        ("vmlinux.twice,0", "unresolvable ambiguity for symbol 'twice' in object '(null)'"),
        ("vmlinux.twice,3", "symbol position 3 for symbol 'twice' in object 'vmlinux' not found"),
        ("vmlinux.once,2", "symbol position 2 for symbol 'once' in object 'vmlinux' not found"),
        ("xfs.x,0", "symbol 'x' not found in symbol table"),
        ("vmlinux.once", "symbol .klp.sym.vmlinux.once has an incorrectly formatted name"),
    ],
)
def test_symbols_that_are_refused(symbol: str, said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        applies(Load(SECTION, f".klp.sym.{symbol}"))
    assert str(refused.value) == f"livepatch: {said}"


def test_a_symbol_must_be_marked() -> None:
    for release, place in (((6, 18), ""), ((6, 19), " at rela sec 7 idx 0")):
        with pytest.raises(
            RefusedError, match=f"^livepatch: symbol once{place} is not marked as a livepatch symbol$"
        ):
            applies(Load(SECTION, "once", marked=False, release=release))


def test_sections_of_others_and_without_the_option_wait() -> None:
    assert not applies(Load(".klp.rela.ext4..text", "once", marked=False))
    load = Load(SECTION, "once", marked=False)
    load.livepatch = False
    assert not applies(load)
    plain = Load(".rela.text", "once", marked=False)
    plain.sections[0].sh_flags = 4
    assert applies(plain)
    with pytest.raises(RefusedError, match=r"section \.klp\.relavmlinux has an incorrectly formatted name"):
        applies(Load(".klp.relavmlinux"))


def test_without_kallsyms_exports_are_known() -> None:
    load = Load(SECTION, ".klp.sym.vmlinux.exported,0", ".klp.sym.vmlinux.once,0")
    load.kallsyms = False
    assert applies(load)
    assert load.values == [0, 0x5000, 0]
