"""Causes of refusals and warnings as values, independent of the log."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class CauseKind(StrEnum):
    """The kind of a cause, with the meaning of its ``subject``."""

    MACHINE = "machine"  # the file is for another architecture: its e_machine
    VERMAGIC = "vermagic"  # nothing: ``found`` and ``expected`` are the two strings
    CRC = "crc"  # a symbol with a different CRC
    UNVERSIONED = "unversioned"  # a symbol for which the module has no CRC
    UNKNOWN = "unknown"  # an unresolved symbol
    GPL_ONLY = "gpl-only"  # a symbol that this licence may not use; ``expected``: whose taint it inherited
    NAMESPACE = "namespace"  # a symbol in the namespace ``expected``, which is not imported
    MODULE_NAMESPACE = "module-namespace"  # a namespace of named modules, which cannot be imported
    PROPRIETARY = (
        "proprietary"  # a symbol of the proprietary module ``owner``; passes: its taint is inherited
    )
    DUPLICATE = "duplicate"  # an export that ``owner`` already has
    NO_CRCS = "no-crcs"  # exports without CRCs
    NO_FLAGS = "no-flags"  # exports without __kflagstab
    BUILTIN = "builtin"  # the name of a built-in module
    PRESENT = "present"  # the name of a loaded module
    UNSIGNED = "unsigned"  # nothing: ``expected`` is why the kernel enforces it
    UNKNOWN_KEY = "unknown-key"  # nothing: the same
    CRYPTO = "crypto"  # nothing: the same, and ``found`` is the unsupported algorithm
    SIGNATURE = "signature"  # nothing: ``found`` describes the fault
    PARAMETER = "parameter"  # a parameter that does not accept the value ``found``
    NO_PARAMETER = "no-parameter"  # a word without a parameter of that name
    PERMISSIONS = "permissions"  # a parameter whose file gets the mode ``expected`` instead of ``found``
    RELOCATION = "relocation"  # a symbol; ``found`` is the kernel's line
    STRUCT_MODULE = "struct-module"  # nothing: ``found`` and ``expected`` are bytes
    COMPRESSION = "compression"  # the format that the kernel decompresses; ``found`` is its line
    WRITE_EXEC = "write-exec"  # a section
    LIVEPATCH = "livepatch"  # nothing
    OTHER = "other"  # nothing: ``found`` is the kernel's line


class Cause(NamedTuple):
    """One reason to refuse or warn; an empty field is unknown."""

    kind: CauseKind
    subject: str = ""
    found: str = ""  # what the module has
    expected: str = ""  # what the kernel has
    owner: str = ""  # the module that exports the subject, empty for the kernel itself
    passes: bool = False  # whether the kernel continues anyway
    section: str = ""  # that a relocation patches
    offset: int = 0  # in that section
