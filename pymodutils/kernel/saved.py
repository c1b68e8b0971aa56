"""A description as a JSON file.

The document is one object: ``format`` is ``"pymodutils kernel"``, ``version`` is 1; the other keys are the
fields of Description. ``exports`` has ``[address, CRC, gpl, namespace]`` for each name, with null for
unknown values, one name per line so that two files can be compared; ``keys``, and ``btf`` and ``kallsyms``
compressed with zlib, are in base64. ``unknown`` is informative and ignored by readers. A reader refuses an
unknown version.
"""

from __future__ import annotations

import json
import re
import zlib
from binascii import a2b_base64, b2a_base64
from itertools import starmap
from typing import TYPE_CHECKING, Any, Final

from pymodutils import libc
from pymodutils.elf.ksymtab import Export
from pymodutils.errors import BadKernel
from pymodutils.kernel.description import Description, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT: Final = "pymodutils kernel"
VERSION: Final = 1
START: Final = b'{"format": "pymodutils kernel"'
SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
LARGEST: Final = 1 << 32  # larger than any number except an address
BLOBS: Final = ("btf", "kallsyms")
BLOB_LIMIT: Final = 64 << 20  # bytes
ADDRESSES: Final = ("percpu",)
KINDS: Final = (int, int, bool, str)  # types of the values of an export
ENDS: Final = (1 << 64, 1 << 32)  # of its address and CRC
NONE: Final = type(None)
TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "release": str,
    "version": str,
    "banner": str,
    "vermagic": str,
    "machine": int,
    "bits": int,
    "order": str,
    "page_size": int,
    "module_size": int,
    "percpu": int,
    "generation": str,
    "strict_versions": bool,
}


def document(kernel: Description) -> dict[str, Any]:
    """``kernel`` as JSON values."""
    fields = kernel._asdict()
    uname = fields.pop("version")
    fields["exports"] = {name: list(export) for name, export in kernel.exports.items()}
    fields |= {name: _packed(getattr(kernel, name)) for name in BLOBS}
    fields["keys"] = [b2a_base64(key, newline=False).decode() for key in kernel.keys]
    plain = {key: dict(value) if key in ("switches", "remarks") else value for key, value in fields.items()}
    return {"format": FORMAT, "version": VERSION, "uname_version": uname, **plain, "unknown": unknown(kernel)}


def dumps(kernel: Description) -> str:
    """``kernel`` as the text of a file, with one line per field and export."""
    lines = []
    for key, value in document(kernel).items():
        text = json.dumps(value, ensure_ascii=True)
        if key == "exports":
            rows = (f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in value.items())
            text = "{\n" + ",\n".join(rows) + "\n }"
        lines.append(f"{json.dumps(key)}: {text}")
    return "{" + ",\n ".join(lines) + "}\n"


def is_saved(data: bytes) -> bool:
    """Whether ``data`` starts like a saved description."""
    return data.startswith(START)


def loads(data: bytes, subject: str) -> Description:
    """The description in ``data``; raises BadKernel for ``subject``."""
    libc.reuse_memory()
    try:
        found = json.loads(data)
        if SURROGATE.search(data):  # half a character: only what stands for a byte of a name has bytes
            json.dumps(found, ensure_ascii=False).encode("utf-8", "surrogateescape")
        if not isinstance(found, dict) or found.pop("format", None) != FORMAT:
            raise _bad(subject, "it is not a kernel description")
        version = found.pop("version", None)
        if version != VERSION:
            raise _bad(
                subject, f"its format is version {version}, known is {VERSION}: make it again from its source"
            )
        return _description(found, subject)
    except (ValueError, zlib.error, TypeError, AttributeError, RecursionError) as error:
        raise _bad(subject, f"it is damaged: {error}") from None


def _description(found: dict[str, Any], subject: str) -> Description:
    found["version"] = found.pop("uname_version", None)
    found.pop("unknown", None)
    extra = found.keys() - set(Description._fields)
    if extra:
        raise _bad(subject, f"it has a field that is not known: {min(extra)}")
    for field, kind in TYPES.items():
        if found.get(field) is not None and type(found[field]) is not kind:
            raise _bad(subject, f"{field} is {found[field]!r}")
        limit = 1 << 64 if field in ADDRESSES else LARGEST
        if kind is int and not 0 <= (found.get(field) or 0) < limit:
            raise _bad(subject, f"{field} is {found[field]}")
    rows = found.pop("exports", {})
    exports = dict(zip(rows.keys(), starmap(Export, rows.values()), strict=True))
    if not _are_exports(exports.values()):
        name, row = next((name, row) for name, row in exports.items() if not _are_exports([row]))
        raise _bad(subject, f"the export {name} is {list(row)!r}")
    for field in ("sources", "conflicts"):
        found[field] = tuple(str(text) for text in found.get(field, ()))
    found["keys"] = tuple(a2b_base64(text, strict_mode=True) for text in found.get("keys", ()))
    if found.get("builtins") is not None:
        found["builtins"] = tuple(str(name) for name in found["builtins"])
    found |= {name: _unpacked(found.get(name)) for name in BLOBS}
    switches = found.get("switches", {})
    if any(type(value) is not bool for value in (*switches.values(), found.get("complete", False))):
        raise _bad(subject, "a switch is neither true nor false")
    found["remarks"] = {str(field): str(why) for field, why in found.get("remarks", {}).items()}
    return Description(**{**found, "exports": exports})


def _packed(data: bytes | None) -> str | None:
    return None if data is None else b2a_base64(zlib.compress(data, 1), newline=False).decode()


def _unpacked(text: str | None) -> bytes | None:
    """The data encoded by zlib and base64 in ``text``."""
    return None if text is None else zlib.decompressobj().decompress(a2b_base64(text), BLOB_LIMIT)


def _are_exports(rows: Iterable[Export]) -> bool:
    """Whether JSON values of exports have the right types; by columns, for a kernel has 10,000."""
    columns = list(zip(*rows, strict=True)) or [()] * len(KINDS)
    typed = all({*map(type, column)} <= {kind, NONE} for kind, column in zip(KINDS, columns, strict=True))
    return typed and all(
        0 <= min(numbers) <= max(numbers) < limit
        for limit, column in zip(ENDS, columns, strict=False)
        if (numbers := [number for number in column if number is not None])
    )


def _bad(subject: str, why: str) -> BadKernel:
    return BadKernel(subject, f"{subject}: {why}")
