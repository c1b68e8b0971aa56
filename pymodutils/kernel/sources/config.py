"""Read a kernel's .config, and derive vermagic where possible."""

from __future__ import annotations

import re
from typing import Final

from pymodutils import arch as archs
from pymodutils.kernel.description import Description, switches_of

LINE: Final = re.compile(r"^CONFIG_(\w+)=(.*)$", re.MULTILINE)
START: Final = re.compile(r"^# Linux/(\S+) \S+ Kernel Configuration$|^CONFIG_CC_VERSION_TEXT=", re.MULTILINE)
PAGES: Final = re.compile(r"(?:\w+_)?(\d+)K_PAGES|(?:\w+_)?PAGE_SIZE_(\d+)KB")
ORDERS: Final = (("CPU_BIG_ENDIAN", "big"), ("CPU_LITTLE_ENDIAN", "little"))
RENAMED: Final = {"RETPOLINE": "MITIGATION_RETPOLINE"}
WORDS: Final = (  # (option, word of vermagic), in order; include/linux/vermagic.h
    ("SMP", "SMP "),
    ("PREEMPT_BUILD", "preempt "),
    ("PREEMPT_RT", "preempt_rt "),  # unless the other is set, possible from 6.12 on
    ("MODULE_UNLOAD", "mod_unload "),
    ("MODVERSIONS", "modversions "),
)


def is_config(text: str) -> bool:
    """Whether ``text`` is a kernel's configuration."""
    return START.search(text[:4096]) is not None


def options(text: str) -> dict[str, str]:
    """Every option that is set, without CONFIG_, and its value."""
    return dict(LINE.findall(text))


def describe(text: str, source: str, release: str | None = None) -> Description:
    """The description from the configuration ``text``: unset options are off."""
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
    """The page size by the options ``found``, or by ``machine`` if it has only one."""
    if found.get("PAGE_SHIFT", "").isdigit():  # since 6.9
        return int(1 << int(found["PAGE_SHIFT"]) % 32)
    for name, value in found.items():
        match = PAGES.fullmatch(name) if value == "y" else None
        if match:
            return int(match[1] or match[2]) * 1024
    return next((arch.page_size for arch in archs.of_machine(machine or 0)), None)


def _on(found: dict[str, str], name: str) -> bool:
    return found.get(name) in ("y", "m") or found.get(RENAMED.get(name, "")) == "y"


def _machine(found: dict[str, str]) -> tuple[int | None, int | None, str | None]:
    """The e_machine, width and byte order of the kernel."""
    if found.get("UML") == "y":
        return None, None, None
    fitting = [arch for arch in archs.every() if arch.config and found.get(arch.config) == "y"]
    if not fitting:
        return None, None, None
    wide = 64 if found.get("64BIT") == "y" else 32
    bits = wide if len({arch.bits for arch in fitting}) > 1 else fitting[0].bits
    order: str = next((arch.order for arch in fitting if arch.bits == bits), fitting[0].order)
    order = next((order for option, order in ORDERS if found.get(option) == "y"), order)
    return fitting[0].machines[0], bits, order


def _vermagic(release: str, machine: int, found: dict[str, str]) -> str | None:
    """The vermagic of this kernel; None if the architecture's part is not simple."""
    words = next((arch.vermagic for arch in archs.of_machine(machine)), None)
    if words is None or found.get("RANDSTRUCT") == "y":
        return None
    flags = [word for option, word in WORDS if found.get(option) == "y"]
    if "preempt_rt " in flags and "preempt " in flags:
        flags.remove("preempt_rt ")
    return f"{release} {''.join(flags)}{words}"
