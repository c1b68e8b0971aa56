"""What a kernel's .config tells, and the vermagic that follows from it where a rule gives it."""

from __future__ import annotations

import re
from typing import Final

from pymodutils.kernel.description import Description, switches_of

LINE: Final = re.compile(r"^CONFIG_(\w+)=(.*)$", re.MULTILINE)
START: Final = re.compile(r"^# Linux/(\S+) \S+ Kernel Configuration$|^CONFIG_CC_VERSION_TEXT=", re.MULTILINE)
MACHINES: Final = (  # (option, e_machine, bits, byte order unless CPU_BIG_ENDIAN or CPU_LITTLE_ENDIAN say)
    ("X86_64", 62, 64, "little"),
    ("X86_32", 3, 32, "little"),
    ("ARM64", 183, 64, "little"),
    ("ARM", 40, 32, "little"),
    ("S390", 22, 64, "big"),
    ("PPC64", 21, 64, "big"),
    ("PPC32", 20, 32, "big"),
    ("MIPS", 8, 0, "big"),
    ("RISCV", 243, 0, "little"),
    ("LOONGARCH", 258, 0, "little"),
    ("PARISC", 15, 0, "big"),
    ("SPARC64", 43, 64, "big"),
    ("SPARC32", 2, 32, "big"),
    ("ALPHA", 0x9026, 64, "little"),
    ("IA64", 50, 64, "little"),
    ("M68K", 4, 32, "big"),
    ("SUPERH", 42, 32, "little"),
    ("ARC", 195, 32, "little"),
    ("CSKY", 252, 32, "little"),
    ("OPENRISC", 92, 32, "big"),
    ("XTENSA", 94, 32, "little"),
)
FIXED_PAGES: Final = {3: 4096, 4: 4096, 22: 4096, 40: 4096, 62: 4096, 243: 4096, 0x9026: 8192, 43: 8192}
PAGES: Final = re.compile(r"(?:ARM64|PPC)_(\d+)K_PAGES|PAGE_SIZE_(\d+)KB")
RENAMED: Final = {"RETPOLINE": "MITIGATION_RETPOLINE"}
WORDS: Final = (  # (option, what it adds to vermagic), in that order; include/linux/vermagic.h
    ("SMP", "SMP "),
    ("PREEMPT_RT", "preempt_rt "),
    ("PREEMPT_BUILD", "preempt "),
    ("MODULE_UNLOAD", "mod_unload "),
    ("MODVERSIONS", "modversions "),
)
ARCH_WORDS: Final = {62: "", 22: "", 183: "aarch64", 243: "riscv"}  # where no option changes them


def is_config(text: str) -> bool:
    """Whether ``text`` is a kernel's configuration."""
    return START.search(text[:4096]) is not None


def options(text: str) -> dict[str, str]:
    """Every option that is set, without CONFIG_, and its value."""
    return dict(LINE.findall(text))


def describe(text: str, source: str, release: str | None = None) -> Description:
    """What the configuration ``text`` tells: an option that it does not set is off."""
    found = options(text)
    machine, bits, order = _machine(found)
    switches = {name: _on(found, name) for name in switches_of(machine)}
    return Description(
        release=release,
        vermagic=_vermagic(release, machine, found) if release and machine else None,
        machine=machine,
        bits=bits,
        order=order,
        page_size=page_size(found, machine),
        switches=switches,
        sources=(source,),
    )


def page_size(found: dict[str, str], machine: int | None) -> int | None:
    """Bytes of a page by the options ``found``, or by ``machine`` where it has one size only."""
    if found.get("PAGE_SHIFT", "").isdigit():  # since 6.9
        return int(1 << int(found["PAGE_SHIFT"]) % 32)
    for name, value in found.items():
        match = PAGES.fullmatch(name) if value == "y" else None
        if match:
            return int(match[1] or match[2]) * 1024
    return FIXED_PAGES.get(machine or 0)


def _on(found: dict[str, str], name: str) -> bool:
    return found.get(name) in ("y", "m") or found.get(RENAMED.get(name, "")) == "y"


def _machine(found: dict[str, str]) -> tuple[int | None, int | None, str | None]:
    for option, machine, bits, order in MACHINES:
        if found.get(option) == "y" and found.get("UML") != "y":
            wide = bits or (64 if found.get("64BIT") == "y" else 32)
            if found.get("CPU_BIG_ENDIAN") == "y":
                order = "big"  # noqa: PLW2901 -- the default gives way
            elif found.get("CPU_LITTLE_ENDIAN") == "y":
                order = "little"  # noqa: PLW2901
            return machine, wide, order
    return None, None, None


def _vermagic(release: str, machine: int, found: dict[str, str]) -> str | None:
    """The string that modules of this kernel carry; None where the architecture's part is not plain."""
    if machine not in ARCH_WORDS or found.get("RANDSTRUCT") == "y":
        return None
    flags = [word for option, word in WORDS if found.get(option) == "y"]
    if "preempt_rt " in flags and "preempt " in flags:
        flags.remove("preempt ")
    return f"{release} {''.join(flags)}{ARCH_WORDS[machine]}"
