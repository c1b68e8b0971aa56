"""Log messages about a refused BTF type; kernel/bpf/btf.c: btf_verifier_log_type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from pymodutils.kernel.emulated.load.btf import ROWS, BadBtf, BtfKind
from pymodutils.twos_complement import signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.kernel.emulated.load.btf import SplitBtf, Type

ENCODINGS: Final = {0: "(none)", 1: "SIGNED", 2: "CHAR", 4: "BOOL"}


def rows(btf: SplitBtf, one: Type) -> Iterator[tuple[int, ...]]:
    """The rows that follow ``one``: members, enumerators, parameters or variables."""
    width = ROWS[btf.kind(one.info)]
    return zip(*[iter(one.words)] * width, strict=True)


def refuse_basic(btf: SplitBtf, one: Type, text: str) -> NoReturn:
    """Refuse ``one``, by its kind and name alone; btf_verifier_log_basic."""
    kind = BtfKind(btf.kind(one.info)).name
    raise BadBtf(f"[{one.number}] {kind} {btf.name(one.name_off)}", " ", text, "", optional=True)


def refuse(btf: SplitBtf, one: Type, text: str, **errno: int) -> NoReturn:
    """Refuse ``one`` with the log line of its kind; btf_verifier_log_type."""
    kind = BtfKind(btf.kind(one.info)).name
    head = f"[{one.number}] {kind} {btf.name(one.name_off)} "
    raise BadBtf(head, *_details(btf, one), " ", text, "", optional=True, **errno)


def _details(btf: SplitBtf, one: Type) -> Iterator[str]:
    """What the verifier prints about a type, one line each."""
    kind, words = btf.kind(one.info), one.words
    if kind == BtfKind.INT:
        places = f"bits_offset={words[0] >> 16 & 0xFF} nr_bits={words[0] & 0xFF}"
        encoding = ENCODINGS.get(words[0] >> 24 & 0xF, "UNKN")
        yield f"size={one.size} {places} encoding={encoding}"
    elif kind == BtfKind.ARRAY:
        yield f"type_id={words[0]} index_type_id={words[1]} nr_elems={words[2]}"
    elif kind == BtfKind.FWD:
        yield "union" if one.flag else "struct"
    elif kind == BtfKind.VAR:
        yield f"type_id={one.size} linkage={words[0]}"
    elif kind == BtfKind.FLOAT:
        yield f"size={one.size}"
    elif kind == BtfKind.DECL_TAG:
        yield f"type={one.size} component_idx={signed(words[0], 32)}"
    elif kind == BtfKind.FUNC_PROTO:
        yield from _arguments(btf, one)
    elif kind in ROWS:
        yield f"size={one.size} vlen={btf.vlen(one.info)}"
    else:
        yield f"type_id={one.size}"


def _arguments(btf: SplitBtf, one: Type) -> Iterator[str]:
    yield f"return={one.size} args=("
    pairs = list(rows(btf, one))
    if not pairs:
        yield "void"
    for at, (name, number) in enumerate(pairs):
        vararg = at == len(pairs) - 1 and not number
        told = "vararg" if vararg else f"{number} {btf.name(name)}"
        yield f", {told}" if at else told
    yield ")"
