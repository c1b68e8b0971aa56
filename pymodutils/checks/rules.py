"""The rules of check."""

from __future__ import annotations

from typing import Final

from pymodutils.checks.rule_type import RuleType, Severity

TAINTED: Final = "Expect bug reports from a tainted kernel to be declined."
REBUILD: Final = "Rebuild it against the headers of this kernel."


class Rule(RuleType):
    """What a finding is about."""

    MACHINE = (
        "machine",
        "The module is built for another architecture.",
        "Build it for the kernel's architecture.",
    )
    UNSIGNED = (
        "unsigned",
        "The module is not signed.",
        "Sign it with scripts/sign-file and a key that the kernel trusts, or enrol yours: mokutil --import.",
    )
    UNKNOWN_KEY = (
        "unknown-key",
        "The module is signed with a key that the kernel does not trust.",
        "Sign it with a key that the kernel trusts, or enrol the signer's certificate: mokutil --import.",
    )
    CRYPTO = (
        "crypto",
        "The kernel cannot verify signatures of this kind.",
        "Sign it with a digest and key type that the kernel has built in.",
    )
    SIGNATURE = (
        "signature",
        "The signature does not match the file, or is malformed.",
        "Sign it after the last change to the file, or fetch it again.",
    )
    COMPRESSION = (
        "compression",
        "The kernel cannot decompress the file.",
        "Compress it in a format that the kernel can decompress: xz --check=crc32 --lzma2=dict=1MiB.",
    )
    OTHER = (
        "other",
        "The kernel refuses the file; its log message gives the reason.",
        "Read the kernel's message; build or fetch the file again.",
    )
    VERMAGIC = (
        "vermagic",
        "The module was built for another release or configuration: version magic mismatch.",
        REBUILD,
    )
    STRUCT_MODULE = ("struct-module", "struct module differs in size from the kernel's.", REBUILD)
    CRC = (
        "crc",
        "Symbols changed since the module was built: CRC mismatch.",
        "Rebuild it against the headers of this kernel, and the Module.symvers of the modules that it uses.",
    )
    UNVERSIONED = (
        "unversioned",
        "The module has no CRC for a symbol that it uses.",
        "Rebuild it with the Module.symvers of the module that exports the symbol (KBUILD_EXTRA_SYMBOLS).",
    )
    LIVEPATCH = (
        "livepatch",
        "The kernel does not support live patches.",
        "Use a kernel with CONFIG_LIVEPATCH.",
    )
    BUILTIN = (
        "builtin",
        "A built-in module has the same name.",
        "Use the built-in module, or rename this one.",
    )
    PRESENT = (
        "present",
        "A module of the same name is already loaded.",
        "Remove the other module, or rename one.",
    )
    WRITE_EXEC = (
        "write-exec",
        "A section is both writable and executable.",
        "Put code and data into separate sections.",
    )
    NO_FLAGS = ("no-flags", "The module exports symbols without __kflagstab.", REBUILD)
    NO_CRCS = ("no-crcs", "The module exports symbols without CRCs.", "Rebuild it with CONFIG_MODVERSIONS=y.")
    GPL_ONLY = (
        "gpl-only",
        "A module without a GPL-compatible licence uses GPL-only symbols.",
        "Avoid the symbols, or declare the licence with MODULE_LICENSE if it is compatible.",
    )
    NAMESPACE = (
        "namespace",
        "The module uses a symbol from a namespace that it does not import.",
        "Import the namespace with MODULE_IMPORT_NS.",
    )
    MODULE_NAMESPACE = (
        "module-namespace",
        "The module imports a namespace that is open only to listed modules.",
        "Remove the MODULE_IMPORT_NS, and avoid symbols of that namespace.",
    )
    PROPRIETARY = (
        "proprietary",
        "A module that uses GPL-only symbols depends on a proprietary one.",
        "Avoid either the GPL-only symbols or the proprietary module.",
    )
    UNKNOWN = (
        "unknown",
        "Neither the kernel nor a known module exports a symbol that the module uses.",
        "Give the module that exports it (--with DIR), or rebuild against this kernel.",
    )
    RELOCATION = (
        "relocation",
        "A relocation cannot be applied.",
        "Rebuild it with the kernel's compiler and options.",
    )
    DUPLICATE = (
        "duplicate",
        "The module exports a symbol that is already exported.",
        "Do not load both modules.",
    )
    PARAMETER = (
        "parameter",
        "A parameter does not accept the given value.",
        "Give a value that it accepts: modinfo -p.",
    )
    NEEDS = ("needs", "A module that it depends on does not load.", "Fix that module first.")
    NO_PARAMETER = (
        "no-parameter",
        "The module has no such parameter.",
        "Omit the parameter, or correct its name: modinfo -p.",
        Severity.WARNING,
    )
    PERMISSIONS = (
        "permissions",
        "A parameter's file has permissions that the kernel does not allow.",
        "Declare the parameter with permissions within 0664, or 0 for no file.",
        Severity.WARNING,
    )
    TAINT = ("taint", "Loading the module taints the kernel.", TAINTED, Severity.WARNING)
    FIRMWARE = (
        "firmware",
        "A firmware file that the module may request is missing.",
        "Install the package that has the file.",
        Severity.WARNING,
    )
    ALIAS = (
        "alias",
        "One of the kernel's own modules has the same aliases.",
        "Blacklist one of the two modules.",
        Severity.WARNING,
    )
    REPLACES = (
        "replaces",
        "The kernel has its own module of that name.",
        "Check which one depmod prefers: updates/ comes first.",
        Severity.NOTE,
    )
    SOFTDEP = (
        "softdep",
        "A soft dependency cannot be resolved.",
        "Check whether the module works without it.",
        Severity.NOTE,
    )
    MODINFO = ("modinfo", "A MODULE_ macro is missing.", "Add the missing MODULE_ macro.", Severity.WARNING)
    RUN = (
        "run",
        "What the kernel reported when it ran the module's init() and exit() (--run).",
        "Compare with a real machine; the emulated one has no devices.",
        Severity.NOTE,
    )
    RUN_OOPS = (
        "run-oops",
        "The module's init() or exit() did not return: an oops, an endless wait or loop (--run).",
        "See docs/machine.md for the devices of this machine; pymodutils call shows the trace.",
        Severity.WARNING,
    )
    RUN_WARNING = (
        "run-warning",
        "The kernel logged a WARNING or BUG as it ran the module (--run).",
        "See the full log: pymodutils kernel dmesg --backend machine.",
        Severity.WARNING,
    )
    RUN_TAINT = (
        "run-taint",
        "The module's code tainted the kernel as it ran (--run).",
        TAINTED,
        Severity.WARNING,
    )
    RUN_LEAK = (
        "run-leak",
        "The module has been removed, but has not released memory, a workqueue or the like (--run).",
        "Release it in exit(), and in init() before it returns an error.",
        Severity.WARNING,
    )
    COLLISION = (
        "collision",
        "Another known module exports the same symbol.",
        "Load only one of the two modules.",
        Severity.WARNING,
    )
    GONE = (
        "gone",
        "The kernel lacks a driver, file system or module that is in use.",
        "Find a package or an out-of-tree build of the module before the reboot, or keep the old kernel.",
    )
    NO_BUILD = (
        "no-build",
        "An out-of-tree module has no build for the kernel.",
        "Build it for this kernel: dkms install NAME/VERSION -k RELEASE.",
    )
    BLACKLISTED = (
        "blacklisted",
        "The only module for a device is blacklisted.",
        "Remove the blacklist line if it is no longer needed.",
    )
    REPLACED = (
        "replaced",
        "Another module takes over a device.",
        "Check that it supports the device, and list it in the initramfs if the device is needed early.",
        Severity.WARNING,
    )
    STALE = (
        "stale-line",
        "A configuration line has no effect on this kernel.",
        "Remove the line, or change it to the module that is used now.",
        Severity.WARNING,
    )
    UNLISTED = (
        "unlisted",
        "The module is built in, but unknown to modprobe.",
        "Remove the name from modules-load.d and scripts: modprobe fails for it.",
        Severity.WARNING,
    )
    NOT_ALLOWED = (
        "not-allowed",
        "The module uses symbols that are not on the allow list.",
        "Use listed symbols only; others may change in any update.",
        Severity.WARNING,
    )
    RENAMED = (
        "renamed",
        "The module has another name in the kernel.",
        "Use the new name in configuration files.",
        Severity.NOTE,
    )
