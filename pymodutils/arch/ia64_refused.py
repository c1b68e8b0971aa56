"""Relocations of Itanium that the loader knows by name and refuses."""

from __future__ import annotations

from errno import ENOEXEC
from typing import Final

from pymodutils.arch.reloc import Diagnostic, RelocType

FORMATS: Final = {  # that the loader does not know, with its numbers for them
    0x21: ("IMM14", 1),
    0x4A: ("PCREL21M", 10),
    0x4B: ("PCREL21F", 11),
    0x24: ("DIR32MSB", 4),
    0x26: ("DIR64MSB", 6),
    0x2C: ("GPREL32MSB", 4),
    0x2E: ("GPREL64MSB", 6),
    0x3E: ("PLTOFF64MSB", 6),
    0x44: ("FPTR32MSB", 4),
    0x46: ("FPTR64MSB", 6),
    0x4C: ("PCREL32MSB", 4),
    0x4E: ("PCREL64MSB", 6),
    0x54: ("LTOFF_FPTR32MSB", 4),
    0x56: ("LTOFF_FPTR64MSB", 6),
    0x5C: ("SEGREL32MSB", 4),
    0x5E: ("SEGREL64MSB", 6),
    0x64: ("SECREL32MSB", 4),
    0x66: ("SECREL64MSB", 6),
    0x6C: ("REL32MSB", 4),
    0x6E: ("REL64MSB", 6),
    0x80: ("IPLTMSB", 6),
}
TLS: Final = {
    0x91: "TPREL14",
    0x92: "TPREL22",
    0x93: "TPREL64I",
    0x96: "TPREL64MSB",
    0x97: "TPREL64LSB",
    0x9A: "LTOFF_TPREL22",
    0xA6: "DTPMOD64MSB",
    0xA7: "DTPMOD64LSB",
    0xAA: "LTOFF_DTPMOD22",
    0xB1: "DTPREL14",
    0xB2: "DTPREL22",
    0xB3: "DTPREL64I",
    0xB4: "DTPREL32MSB",
    0xB5: "DTPREL32LSB",
    0xB6: "DTPREL64MSB",
    0xB7: "DTPREL64LSB",
    0xBA: "LTOFF_DTPREL22",
}


def refused(name: str, text: str) -> RelocType:
    """The row of the relocation ``name``, about which the loader logs ``text``."""
    return RelocType(f"R_IA64_{name}", refused=Diagnostic(f"{{module}}: {text}", ENOEXEC))


REFUSED: Final = {
    0x84: refused("COPY", "special reloc COPY not supported"),
    **{
        number: refused(name, f"format {form} needed by {name} reloc is not supported")
        for number, (name, form) in FORMATS.items()
    },
    **{number: refused(name, f"{name} reloc not supported") for number, name in TLS.items()},
}
