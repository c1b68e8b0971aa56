"""Metadata of a module from its file, or from the kernel build for a built-in one.

Data is read on demand, and only as much as a field needs.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final, Self

from pymodutils import names
from pymodutils.depends import parameters
from pymodutils.elf import decode
from pymodutils.elf.scan import Elf
from pymodutils.errors import BadModule

if TYPE_CHECKING:
    from pymodutils.signature.fields import Signature

BUILTIN: Final = "(builtin)"
SIGNATURE_KEYS: Final = ("sig_id", "signer", "sig_key", "sig_hashalgo", "signature")
BUILD_ID_NOTE: Final = ".note.gnu.build-id"

Pairs = list[tuple[str, str]]


class ModuleInfo:
    """The common interface of built-in modules and modules with a file."""

    __slots__ = ("_entries", "filename", "name")

    def __init__(self, name: str, filename: str) -> None:
        self.name = name
        self.filename = filename
        self._entries: Pairs | None = None

    @property
    def entries(self) -> Pairs:
        """Every (key, value) in the order of the module; raises ModutilsError."""
        if self._entries is None:
            self._entries = self._read()
        return self._entries

    @property
    def is_builtin(self) -> bool:
        """Whether it is built in."""
        return self.filename == BUILTIN

    @property
    def path(self) -> str | None:
        """Its file."""
        return None if self.is_builtin else self.filename

    @property
    def is_compressed(self) -> bool:
        """Whether its file has the suffix of a compressed one."""
        return self.filename.endswith(names.EXTENSIONS[1:])

    def _read(self) -> Pairs:
        raise NotImplementedError

    def close(self) -> None:
        """Drop cached data."""
        self._entries = None

    def signature(self) -> Signature | None:
        """The signature at the end of its file."""
        return None

    def build_id(self) -> bytes:
        """The GNU build ID; empty if there is none."""
        return b""

    def values(self, field: str) -> list[str]:
        """The values of ``field``: a key, or one of the names of other data."""
        found = [value for key, value in self.entries if key == field]
        if field == "build-id":
            found += [hexadecimal(identifier) for identifier in (self.build_id(),) if identifier]
        if field in SIGNATURE_KEYS:
            found += [value for key, value in signed(self.signature()) if key == field]
        return found


class BuiltinModule(ModuleInfo):
    """A built-in module, described in the file ``modinfo`` of a module directory."""

    __slots__ = ("_modinfo",)

    def __init__(self, name: str, modinfo: str) -> None:
        super().__init__(name, BUILTIN)
        self._modinfo = modinfo

    def _read(self) -> Pairs:
        from pymodutils.depends import builtin  # noqa: PLC0415 -- rarely needed

        return builtin.modinfo(self._modinfo, self.name)


class ModuleFile(ModuleInfo):
    """A module in a file, compressed or not; ``close`` it, or use it in a ``with``."""

    __slots__ = ("_elf",)

    def __init__(self, path: str, name: str = "") -> None:
        super().__init__(name or names.of_path(path), path)
        self._elf: Elf | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and drop cached data."""
        super().close()
        if self._elf is not None:
            self._elf.close()
            self._elf = None

    @property
    def elf(self) -> Elf:
        """The sections of its file; raises NotFound or BadModule."""
        if self._elf is None:
            self._elf = opened(self.filename)
        return self._elf

    def _read(self) -> Pairs:
        section = self.elf.section(".modinfo")
        if section is None:
            raise BadModule(self.filename, f"{self.filename}: it has no .modinfo section", errno.ENODATA)
        return decode.modinfo(section)

    def signature(self) -> Signature | None:
        """The signature at the end of its file; raises NotFound or BadModule."""
        from pymodutils.signature import fields  # noqa: PLC0415 -- rarely needed

        return fields.find(self.elf)

    def build_id(self) -> bytes:
        """The GNU build ID; raises NotFound or BadModule."""
        section = self.elf.section(BUILD_ID_NOTE)
        return b"" if section is None else decode.build_id(section, self.elf.order)


def opened(path: str, *, mapped: bool = False) -> Elf:
    """The sections of the module file ``path``, decompressed if need be, ``mapped`` if it is large then.

    Raises NotFound if it cannot be read, BadModule if it is none.
    """
    try:
        return Elf.open(path)
    except BadModule as error:
        if error.errno != errno.ENOEXEC:
            raise
    from pymodutils.elf import compress, contents  # noqa: PLC0415 -- not needed for an uncompressed module

    return Elf(contents.module(path) if mapped else compress.module(path), path)


def signed(signature: Signature | None) -> Pairs:
    """``signature`` as the pairs printed by modinfo."""
    if signature is None:
        return []
    kind, signer, key, hashalgo, value = signature
    return [
        ("sig_id", kind),
        ("signer", signer),
        ("sig_key", hexadecimal(key)),
        ("sig_hashalgo", hashalgo),
        ("signature", hexadecimal(value)),
    ]


def hexadecimal(data: bytes) -> str:
    """``data`` in modinfo's format: twenty bytes per line, further lines indented by two tabs."""
    text = data.hex(":").upper()
    return "\n\t\t".join([text[at : at + 60] for at in range(0, len(text), 60)])


def document(module: ModuleInfo) -> dict[str, object]:
    """The document for a module described in docs/json.md."""
    fields: dict[str, list[str]] = {}
    for key, value in module.entries:
        fields.setdefault(key, []).append(value)
    signature = module.signature()
    return {
        "name": module.name,
        "filename": module.path,
        "builtin": module.is_builtin,
        "fields": fields,
        "parameters": [parameter._asdict() for parameter in reversed(parameters.read(module.entries)[0])],
        "build_id": module.build_id().hex() or None,
        "signature": signature
        and {
            "id": signature.kind,
            "signer": signature.signer,
            "key": signature.key.hex(),
            "hashalgo": signature.hashalgo,
            "value": signature.value.hex(),
        },
    }
