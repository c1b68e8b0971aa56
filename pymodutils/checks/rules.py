"""Every rule that a finding can have, in a sentence."""

from __future__ import annotations

from typing import Final

RULES: Final = {
    "machine": "The module is built for another architecture.",
    "unsigned": "The module is not signed.",
    "unknown-key": "The module is signed with a key that the kernel does not have.",
    "crypto": "The module is signed in a way that the kernel cannot verify.",
    "signature": "The signature is not that of the file, or makes no sense.",
    "compression": "The kernel cannot decompress the file.",
    "other": "The kernel does not take the file, for the reason that it logs.",
    "vermagic": "The module is built for another release or configuration: version magics differ.",
    "struct-module": "struct module has another size in the kernel.",
    "crc": "Symbols changed since the module was built: their CRCs differ.",
    "unversioned": "The module has no CRC for a symbol that it uses.",
    "livepatch": "The kernel takes no live patches.",
    "builtin": "The kernel has something of that name built in.",
    "present": "Another module of that name had to be loaded before.",
    "write-exec": "A section can be both written and executed.",
    "no-flags": "The module exports symbols without __kflagstab.",
    "no-crcs": "The module exports symbols without CRCs.",
    "gpl-only": "A module that is not free uses symbols for free ones.",
    "namespace": "The module uses a symbol of a namespace that it does not import.",
    "module-namespace": "The module imports a namespace that is open only to listed modules.",
    "proprietary": "A module that uses GPL-only symbols depends on a proprietary one.",
    "unknown": "Nobody exports a symbol that the module uses.",
    "relocation": "The module cannot be linked in its place.",
    "duplicate": "The module exports what somebody exports already.",
    "parameter": "A parameter does not take the value that was given.",
    "needs": "A module that it needs does not load.",
    "no-parameter": "There is no such parameter.",
    "taint": "Loading the module taints the kernel.",
    "firmware": "A firmware file that the module may ask for is not there.",
    "alias": "A module of the kernel claims the same devices.",
    "replaces": "The kernel has a module of that name.",
    "softdep": "A soft dependency leads nowhere.",
    "modinfo": "The module does not say what it should of itself.",
    "collision": "Another module at hand exports the same symbol.",
}
