"""Types with every kind of fault, to extend the BTF of a kernel."""

from __future__ import annotations

from typing import Any, Final

from pymodutils.kernel.emulated.load.btf import BtfKind as K
from tests.kernel.emulated.btf_record import (
    ANONYMOUS,
    BAR,
    BEYOND,
    BLANK,
    CONTROL,
    DOTTED,
    FINE,
    FOO,
    LATIN,
    LIMIT,
    LONG,
    LONGER,
    LOST,
    NINTH,
    NONE,
    SECTION,
    A,
    B,
    Named,
    Own,
    Record,
)

Rows = dict[str, tuple[Any, ...]]  # what a case is about -> the fields of its Record


def _each(kind: K, rows: Rows, *first: Record) -> dict[str, tuple[Record, ...]]:
    """The cases of one kind, after the records ``first``."""
    return {f"{kind.name.lower()}: {what}": (*first, Record(kind, *rest)) for what, rest in rows.items()}


REFERENCES: Final[Rows] = {
    "fine": (NONE, 1),
    "named": (FOO, 1),
    "badly named": (BLANK, 1),
    "entries": (FOO, 1, (), 2),
    "flag": (FOO, 1, (), 0, True),
    "last type": (NONE, LIMIT - 1),
    "type beyond": (FOO, LIMIT),
    "void": (NONE, 0),
}
COMPOSITES: Final[Rows] = {
    "empty": (FOO, 0),
    "badly named": (NINTH, 0),
    "no name": (NONE, 4, (ANONYMOUS, 1, 0), 1),
    "lost name": (FOO, 4, (LOST, 1, 0), 1),
    "member badly named": (FOO, 4, (Named(BLANK), 1, 0), 1),
    "no type": (FOO, 4, (A, 0, 0), 1),
    "last type": (FOO, 4, (A, LIMIT - 1, 0), 1),
    "type beyond": (FOO, 4, (A, LIMIT, 0), 1),
    "backwards": (FOO, 8, (A, 1, 32, B, 1, 0), 2),
    "at one place": (FOO, 8, (A, 1, 0, B, 1, 0), 2),
    "at the end": (FOO, 4, (A, 1, 32), 1),
    "after the end": (FOO, 4, (A, 1, 33), 1),
    "bit-field": (FOO, 4, (A, 1, 3 << 24, B, 1, 5 << 24 | 3), 2, True),
    "bit-field after the end": (FOO, 4, (A, 1, 3 << 24 | 33), 1, True),
    "bit-field without name or type": (FOO, 4, (ANONYMOUS, 0, 3 << 24), 1, True),
    "members beyond": (FOO, 4, (A, 1, 0), 2),
}

RECORDS: Final[dict[str, tuple[Record, ...]]] = {
    "nothing wrong": (FINE, Record(K.PTR, size=Own(0)), Record(K.STRUCT, BAR, 8, (A, Own(0), 0), 1)),
    **_each(
        K.INT,
        {
            "entries": (FOO, 4, (32,), 1),
            "flag": (FOO, 4, (32,), 0, True),
            "data": (FOO, 4, (1 << 28 | 32,)),
            "129 bits": (FOO, 17, (129,)),
            "128 bits": (FOO, 16, (128,)),
            "bits and offset": (FOO, 32, (1 << 16 | 128,)),
            "larger than its type": (FOO, 4, (33,)),
            "as large by its offset": (FOO, 4, (1 << 16 | 32,)),
            "signed": (FOO, 1, (1 << 24 | 8 << 16 | 1,)),
            "encodings": (FOO, 4, (3 << 24 | 32,)),
            "bool, too large": (BAR, 1, (4 << 24 | 9,)),
            "char, too large": (BAR, 1, (2 << 24 | 9,)),
            "no name": (NONE, 1, (1 << 24 | 9,)),
            "name beyond": (BEYOND, 4, (32,)),
        },
    ),
    **_each(K.PTR, REFERENCES, FINE),
    **_each(K.CONST, REFERENCES, FINE),
    **_each(K.VOLATILE, REFERENCES, FINE),
    **_each(K.RESTRICT, REFERENCES, FINE),
    **_each(K.TYPEDEF, REFERENCES, FINE),
    **_each(K.TYPE_TAG, REFERENCES, FINE),
    **_each(
        K.ARRAY,
        {
            "fine": (NONE, 0, (1, 1, 3)),
            "named": (FOO, 0, (1, 1, 3)),
            "entries": (NONE, 0, (1, 1, 3), 1),
            "flag": (NONE, 0, (1, 1, 3), 0, True),
            "size": (NONE, 1, (1, 1, 3)),
            "no element": (NONE, 0, (0, 1, 3)),
            "no index": (NONE, 0, (1, 0, 3)),
            "element beyond": (NONE, 0, (LIMIT, 1, 3)),
            "last element": (NONE, 0, (LIMIT - 1, LIMIT - 1, 3)),
            "index beyond": (NONE, 0, (1, LIMIT, 3)),
        },
    ),
    **_each(K.STRUCT, COMPOSITES),
    **_each(K.UNION, COMPOSITES),
    **_each(
        K.ENUM,
        {
            **{f"size {size}": (FOO, size, (A, 5), 1) for size in (0, 1, 2, 3, 4, 8, 9, 16)},
            "badly named": (BLANK, 4),
            "no name": (NONE, 4),
            "lost name": (FOO, 4, (A, 0, LOST, 1), 2),
            "value badly named": (FOO, 4, (Named(NINTH), 1), 1),
            "value without name": (FOO, 4, (ANONYMOUS, 1), 1),
            "signed": (FOO, 4, (A, 0xFFFF_FFFF), 1, True),
            "values beyond": (FOO, 4, (A, 0), 3),
        },
    ),
    "enum64: fine": (Record(K.ENUM64, FOO, 8, (A, 1, 2), 1),),
    "enum64: size": (Record(K.ENUM64, FOO, 5, (A, 1, 2), 1),),
    "enum64: lost name": (Record(K.ENUM64, FOO, 8, (LOST, 1, 2), 1),),
    "enum64: badly named": (Record(K.ENUM64, BLANK, 8, (A, 1, 2), 1),),
    "enum64: value badly named": (Record(K.ENUM64, FOO, 8, (Named(BLANK), 1, 2), 1),),
    **_each(
        K.FWD,
        {
            "fine": (FOO, 0),
            "union": (FOO, 0, (), 0, True),
            "entries": (FOO, 0, (), 1),
            "type": (FOO, 1),
            "type of a union": (FOO, 1, (), 0, True),
            "no name": (NONE, 0),
            "badly named": (BLANK, 0),
        },
    ),
    **_each(
        K.FUNC,
        {
            "fine": (FOO, Own(0)),
            "no name": (NONE, Own(0)),
            "badly named": (BLANK, Own(0)),
            "extern": (FOO, Own(0), (), 2),
            "linkage": (FOO, Own(0), (), 3),
            "flag": (FOO, Own(0), (), 0, True),
        },
        Record(K.FUNC_PROTO, NONE, 0),
    ),
    **_each(
        K.FUNC_PROTO,
        {
            "named": (FOO, 1),
            "named, of one": (FOO, 0, (A, 1), 1),
            "named, of two": (FOO, 0, (A, 1, ANONYMOUS, 2), 2),
            "named, of any": (FOO, 0, (A, 1, ANONYMOUS, 0), 2),
            "named, of none and one": (FOO, 0, (A, 0, B, 2), 2),
            "flag": (NONE, 1, (), 0, True),
            "beyond": (NONE, 1, (A, 1), 2),
        },
    ),
    **_each(
        K.VAR,
        {
            "fine": (FOO, 1, (0,)),
            "global": (FOO, 1, (1,)),
            "extern": (FOO, 1, (2,)),
            "entries": (FOO, 1, (0,), 1),
            "flag": (FOO, 1, (0,), 0, True),
            "no name": (NONE, 1, (0,)),
            "badly named": (BLANK, 1, (0,)),
            "no type": (FOO, 0, (0,)),
            "last type": (FOO, LIMIT - 1, (0,)),
            "type beyond": (FOO, LIMIT, (0,)),
        },
    ),
    **_each(
        K.DATASEC,
        {
            "fine": (SECTION, 8, (Own(0), 0, 4, Own(0), 4, 4), 2),
            "blanks": (BLANK, 8),
            "no size": (SECTION, 0),
            "flag": (SECTION, 8, (), 0, True),
            "no name": (NONE, 8),
            "control character": (CONTROL, 8),
            "beyond ASCII": (LATIN, 8),
            "no type": (SECTION, 8, (0, 0, 4), 1),
            "last type": (SECTION, 8, (LIMIT - 1, 0, 4), 1),
            "type beyond": (SECTION, 8, (LIMIT, 0, 4), 1),
            "overlap": (SECTION, 8, (1, 0, 4, 1, 3, 4), 2),
            "at the end": (SECTION, 8, (1, 8, 1), 1),
            "no size of one": (SECTION, 8, (1, 0, 0), 1),
            "size of one": (SECTION, 8, (1, 0, 9), 1),
            "offset and size": (SECTION, 8, (1, 4, 5), 1),
        },
        FINE,
    ),
    **_each(
        K.FLOAT,
        {
            **{f"size {size}": (FOO, size) for size in (0, 1, 2, 3, 4, 8, 10, 12, 16, 32)},
            "entries": (FOO, 4, (), 1),
            "flag": (FOO, 4, (), 0, True),
        },
    ),
    **_each(
        K.DECL_TAG,
        {
            "fine": (BLANK, 1, (0xFFFF_FFFF,)),
            "component": (BLANK, 1, (0,)),
            "wrong component": (BLANK, 1, (0xFFFF_FFFE,)),
            "no name": (NONE, 1, (0,)),
            "entries": (BLANK, 1, (0,), 1),
            "flag": (BLANK, 1, (0,), 0, True),
        },
    ),
    **{f"kind {kind}": (Record(kind, FOO, 4),) for kind in (0, 20, 31)},
    "spare bits": (FINE, Record(K.INT, FOO, 4, (32,), spare=1 << 16)),
    "spare bits of the kind": (Record(K.INT, FOO, 4, (32,), spare=1 << 29),),
    **{f"name {name}": (Record(K.STRUCT, name, 4),) for name in (LONG, LONGER, DOTTED, LATIN, SECTION)},
    "tag of a tag": (Record(K.TYPE_TAG, FOO, Own(1)), Record(K.TYPE_TAG, FOO, 1)),
    "tag after const": (Record(K.CONST, size=Own(1)), Record(K.TYPE_TAG, FOO, 1)),
    "const after tag": (Record(K.TYPE_TAG, FOO, Own(1)), Record(K.CONST, size=1)),
    "const of itself": (Record(K.CONST, size=Own(0)),),
    "tag after const after tag": (
        Record(K.TYPE_TAG, FOO, Own(1)),
        Record(K.CONST, size=Own(2)),
        Record(K.TYPE_TAG, BAR, 1),
    ),
    "known before": (
        Record(K.TYPE_TAG, FOO, 1),
        Record(K.CONST, size=Own(0)),
        Record(K.TYPE_TAG, FOO, Own(1)),
    ),
    **{
        f"{count} modifiers": (*(Record(K.CONST, size=Own(at + 1)) for at in range(count)), FINE)
        for count in (31, 32, 33)
    },
    "a type too far": (Record(K.CONST, size=Own(1)),),
}  # fmt: skip
