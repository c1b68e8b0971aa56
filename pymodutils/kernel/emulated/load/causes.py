"""Why a module was refused or is looked at askance, as values: what the log says in words."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class CauseKind(StrEnum):
    """What a cause is about, and what its ``subject`` is."""

    MACHINE = "machine"  # the file is for another architecture: its e_machine
    VERMAGIC = "vermagic"  # nothing: ``said`` and ``wanted`` are the two strings
    CRC = "crc"  # a symbol whose CRC is another one
    UNVERSIONED = "unversioned"  # a symbol for which the module expects no CRC
    UNKNOWN = "unknown"  # a symbol that nobody exports
    GPL_ONLY = "gpl-only"  # a symbol that this licence may not use; ``wanted``: whose taint it inherited
    NAMESPACE = "namespace"  # a symbol in the namespace ``wanted``, which is not imported
    MODULE_NAMESPACE = "module-namespace"  # a namespace of named modules, which cannot be imported
    PROPRIETARY = "proprietary"  # a symbol of the proprietary module ``owner``
    DUPLICATE = "duplicate"  # an export that ``owner`` has already
    NO_CRCS = "no-crcs"  # exports without CRCs
    NO_FLAGS = "no-flags"  # exports without __kflagstab
    BUILTIN = "builtin"  # a name that a built-in module has
    PRESENT = "present"  # a name that a module in the kernel has
    UNSIGNED = "unsigned"  # nothing: ``wanted`` is why the kernel insists
    UNKNOWN_KEY = "unknown-key"  # nothing: the same
    CRYPTO = "crypto"  # nothing: the same, and ``said`` what the kernel cannot compute
    SIGNATURE = "signature"  # nothing: ``said`` is what is wrong with it
    PARAMETER = "parameter"  # a parameter that does not take the value ``said``
    NO_PARAMETER = "no-parameter"  # a word for which there is no parameter
    PERMISSIONS = "permissions"  # a parameter whose file may not have the mode ``said``, but ``wanted``
    RELOCATION = "relocation"  # a symbol; ``said`` is the kernel's line
    STRUCT_MODULE = "struct-module"  # nothing: ``said`` and ``wanted`` are bytes
    COMPRESSION = "compression"  # the format that the kernel decompresses; ``said`` is its line
    WRITE_EXEC = "write-exec"  # a section
    LIVEPATCH = "livepatch"  # nothing
    OTHER = "other"  # nothing: ``said`` is the kernel's line


class Cause(NamedTuple):
    """One reason to refuse or warn; an empty field is unknown."""

    kind: CauseKind
    subject: str = ""
    said: str = ""  # what the module has
    wanted: str = ""  # what the kernel has
    owner: str = ""  # the module that exports the subject, empty for the kernel itself
    passes: bool = False  # whether the kernel goes on all the same
    section: str = ""  # that a relocation patches
    offset: int = 0  # in that section
