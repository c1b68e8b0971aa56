"""The rules of check."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # the module does not load
    WARNING = "warning"  # it loads, with a drawback
    NOTE = "note"  # for information


class Rule(StrEnum):
    """What a finding is about; its value is its name in every output."""

    severity: Severity  # the usual one; a finding is less severe if the kernel is lenient
    sentence: str
    advice: str  # in general; a finding has its own

    def __new__(
        cls, value: str, severity: Severity = Severity.ERROR, sentence: str = "", advice: str = ""
    ) -> Self:
        """The rule named ``value``; the defaults allow lookup by value."""
        rule = str.__new__(cls, value)
        rule._value_ = value
        rule.severity, rule.sentence, rule.advice = severity, sentence, advice
        return rule

    MACHINE = (
        "machine",
        Severity.ERROR,
        "The module is built for another architecture.",
        "Build it for the kernel's architecture.",
    )
    UNSIGNED = (
        "unsigned",
        Severity.ERROR,
        "The module is not signed.",
        "Sign it with scripts/sign-file and a key that the kernel trusts, or enrol yours: mokutil --import.",
    )
    UNKNOWN_KEY = (
        "unknown-key",
        Severity.ERROR,
        "The module is signed with a key that the kernel does not trust.",
        "Sign it with a key that the kernel trusts, or enrol the signer's certificate: mokutil --import.",
    )
    CRYPTO = (
        "crypto",
        Severity.ERROR,
        "The kernel cannot verify signatures of this kind.",
        "Sign it with a digest and key type that the kernel has built in.",
    )
    SIGNATURE = (
        "signature",
        Severity.ERROR,
        "The signature does not match the file, or is malformed.",
        "Sign it after the last change to the file, or fetch it again.",
    )
    COMPRESSION = (
        "compression",
        Severity.ERROR,
        "The kernel cannot decompress the file.",
        "Compress it in a format that the kernel can decompress: xz --check=crc32 --lzma2=dict=1MiB.",
    )
    OTHER = (
        "other",
        Severity.ERROR,
        "The kernel refuses the file; its log message gives the reason.",
        "Read the kernel's message; build or fetch the file again.",
    )
    VERMAGIC = (
        "vermagic",
        Severity.ERROR,
        "The module was built for another release or configuration: version magic mismatch.",
        "Rebuild it against the headers of this kernel.",
    )
    STRUCT_MODULE = (
        "struct-module",
        Severity.ERROR,
        "struct module differs in size from the kernel's.",
        "Rebuild it against the headers of this kernel.",
    )
    CRC = (
        "crc",
        Severity.ERROR,
        "Symbols changed since the module was built: CRC mismatch.",
        "Rebuild it against the headers of this kernel, and the Module.symvers of the modules that it uses.",
    )
    UNVERSIONED = (
        "unversioned",
        Severity.ERROR,
        "The module has no CRC for a symbol that it uses.",
        "Rebuild it with the Module.symvers of the module that exports the symbol (KBUILD_EXTRA_SYMBOLS).",
    )
    LIVEPATCH = (
        "livepatch",
        Severity.ERROR,
        "The kernel does not support live patches.",
        "Use a kernel with CONFIG_LIVEPATCH.",
    )
    BUILTIN = (
        "builtin",
        Severity.ERROR,
        "A built-in module has the same name.",
        "Use the built-in module, or rename this one.",
    )
    PRESENT = (
        "present",
        Severity.ERROR,
        "A module of the same name is already loaded.",
        "Remove the other module, or rename one.",
    )
    WRITE_EXEC = (
        "write-exec",
        Severity.ERROR,
        "A section is both writable and executable.",
        "Put code and data into separate sections.",
    )
    NO_FLAGS = (
        "no-flags",
        Severity.ERROR,
        "The module exports symbols without __kflagstab.",
        "Rebuild it against the headers of this kernel.",
    )
    NO_CRCS = (
        "no-crcs",
        Severity.ERROR,
        "The module exports symbols without CRCs.",
        "Rebuild it with CONFIG_MODVERSIONS=y.",
    )
    GPL_ONLY = (
        "gpl-only",
        Severity.ERROR,
        "A module without a GPL-compatible licence uses GPL-only symbols.",
        "Avoid the symbols, or declare the licence with MODULE_LICENSE if it is compatible.",
    )
    NAMESPACE = (
        "namespace",
        Severity.ERROR,
        "The module uses a symbol from a namespace that it does not import.",
        "Import the namespace with MODULE_IMPORT_NS.",
    )
    MODULE_NAMESPACE = (
        "module-namespace",
        Severity.ERROR,
        "The module imports a namespace that is open only to listed modules.",
        "Remove the MODULE_IMPORT_NS, and avoid symbols of that namespace.",
    )
    PROPRIETARY = (
        "proprietary",
        Severity.ERROR,
        "A module that uses GPL-only symbols depends on a proprietary one.",
        "Avoid either the GPL-only symbols or the proprietary module.",
    )
    UNKNOWN = (
        "unknown",
        Severity.ERROR,
        "Neither the kernel nor a known module exports a symbol that the module uses.",
        "Give the module that exports it (--with DIR), or rebuild against this kernel.",
    )
    RELOCATION = (
        "relocation",
        Severity.ERROR,
        "A relocation cannot be applied.",
        "Rebuild it with the kernel's compiler and options.",
    )
    DUPLICATE = (
        "duplicate",
        Severity.ERROR,
        "The module exports a symbol that is already exported.",
        "Do not load both modules.",
    )
    PARAMETER = (
        "parameter",
        Severity.ERROR,
        "A parameter does not accept the given value.",
        "Give a value that it accepts: modinfo -p.",
    )
    NEEDS = (
        "needs",
        Severity.ERROR,
        "A module that it depends on does not load.",
        "Fix that module first.",
    )
    NO_PARAMETER = (
        "no-parameter",
        Severity.WARNING,
        "The module has no such parameter.",
        "Omit the parameter, or correct its name: modinfo -p.",
    )
    PERMISSIONS = (
        "permissions",
        Severity.WARNING,
        "A parameter's file has permissions that the kernel does not allow.",
        "Declare the parameter with permissions within 0664, or 0 for no file.",
    )
    TAINT = (
        "taint",
        Severity.WARNING,
        "Loading the module taints the kernel.",
        "Expect bug reports from a tainted kernel to be declined.",
    )
    FIRMWARE = (
        "firmware",
        Severity.WARNING,
        "A firmware file that the module may request is missing.",
        "Install the package that has the file.",
    )
    ALIAS = (
        "alias",
        Severity.WARNING,
        "One of the kernel's own modules has the same aliases.",
        "Blacklist one of the two modules.",
    )
    REPLACES = (
        "replaces",
        Severity.NOTE,
        "The kernel has its own module of that name.",
        "Check which one depmod prefers: updates/ comes first.",
    )
    SOFTDEP = (
        "softdep",
        Severity.NOTE,
        "A soft dependency cannot be resolved.",
        "Check whether the module works without it.",
    )
    MODINFO = (
        "modinfo",
        Severity.WARNING,
        "A MODULE_ macro is missing.",
        "Add the missing MODULE_ macro.",
    )
    RUN = (
        "run",
        Severity.NOTE,
        "What the kernel reported when it ran the module's init() and exit() (--run).",
        "Compare with a real machine; the emulated one has no devices.",
    )
    COLLISION = (
        "collision",
        Severity.WARNING,
        "Another known module exports the same symbol.",
        "Load only one of the two modules.",
    )
    GONE = (
        "gone",
        Severity.ERROR,
        "The kernel lacks a driver, file system or module that is in use.",
        "Find a package or an out-of-tree build of the module before the reboot, or keep the old kernel.",
    )
    NO_BUILD = (
        "no-build",
        Severity.ERROR,
        "An out-of-tree module has no build for the kernel.",
        "Build it for this kernel: dkms install NAME/VERSION -k RELEASE.",
    )
    BLACKLISTED = (
        "blacklisted",
        Severity.ERROR,
        "The only module for a device is blacklisted.",
        "Remove the blacklist line if it is no longer needed.",
    )
    REPLACED = (
        "replaced",
        Severity.WARNING,
        "Another module takes over a device.",
        "Check that it supports the device, and list it in the initramfs if the device is needed early.",
    )
    STALE = (
        "stale-line",
        Severity.WARNING,
        "A configuration line has no effect on this kernel.",
        "Remove the line, or change it to the module that is used now.",
    )
    UNLISTED = (
        "unlisted",
        Severity.WARNING,
        "The module is built in, but unknown to modprobe.",
        "Remove the name from modules-load.d and scripts: modprobe fails for it.",
    )
    NOT_ALLOWED = (
        "not-allowed",
        Severity.WARNING,
        "The module uses symbols that are not on the allow list.",
        "Use listed symbols only; others may change in any update.",
    )
    RENAMED = (
        "renamed",
        Severity.NOTE,
        "The module has another name in the kernel.",
        "Use the new name in configuration files.",
    )
