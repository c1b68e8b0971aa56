"""The properties of a kernel used by the loader, from its description; missing ones are assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils import arch as machines
from pymodutils.arch.range import Range
from pymodutils.elf.module_decompress import BCJ
from pymodutils.errors import BadKernel, BadModule
from pymodutils.kernel.emulated import kernel_image
from pymodutils.kernel.emulated.bootwords import BootWords
from pymodutils.link.areas import DATA_APART, SEVEN_AREAS, TWO_AREAS, Plan
from pymodutils.link.layout import LayoutConfig

if TYPE_CHECKING:
    from pymodutils.arch.field import ByteOrder
    from pymodutils.arch.model import Arch
    from pymodutils.kernel.description import Description

SEVEN_AREAS_SINCE: Final = (6, 4)
OLDEST: Final = "6.1"  # the oldest release with a known loader
ENABLES_SINCE: Final = (7, 0)
PAGE: Final = 4096
PAGES: Final = tuple(1 << bits for bits in range(10, 23))  # bytes
USUAL: Final = {  # defaults, as in nearly every distribution's kernel
    "CRYPTO_MD5": True,
    "CRYPTO_SHA1": True,
    "CRYPTO_SHA512": True,
    "CRYPTO_SHA3": True,
    "MODULES": True,
    "KALLSYMS": True,
    "KALLSYMS_ALL": True,
    "MODULE_UNLOAD": True,
    "STRICT_MODULE_RWX": True,
    "SYSFS": True,
}
MAGIC_WORDS: Final = {  # words of vermagic, and the options that add them
    "SMP": "SMP",
    "mod_unload": "MODULE_UNLOAD",
    "modversions": "MODVERSIONS",
    "preempt_rt": "PREEMPT_RT",
}
GUARDED: Final = ("on", "retpoline", "retpoline,generic", "retpoline,lfence", "retpoline,amd")
PREL32: Final = "HAVE_ARCH_PREL32_RELOCATIONS"


class Rules(NamedTuple):
    """The constants of one emulated kernel."""

    release: str
    version: str  # uname -v
    vermagic: str
    number: tuple[int, ...]  # major and minor number of the release
    arch: Arch
    layout: LayoutConfig
    switches: frozenset[str]  # options that are on
    strict_versions: bool  # whether an import missing in __versions is refused
    module_size: int  # sizeof(struct module), 0 if unknown
    cmdline: str = ""
    image: Range = Range(0, 0)  # from _text to _end
    told: str = ""  # the text of /proc/version, if known
    percpu: int = 0  # start of the per-CPU memory reserved for modules

    def on(self, switch: str) -> bool:
        """Whether CONFIG_``switch`` is set."""
        return switch in self.switches

    @property
    def words(self) -> BootWords:
        """The parsed command line."""
        return BootWords(self.cmdline, enabled=self.enables)

    @property
    def enables(self) -> bool:
        """Whether a bool may be spelled ``enable`` and ``disable``."""
        return self.since(*ENABLES_SINCE)

    @property
    def retpolines(self) -> bool:
        """Whether retpolines are in use: the processor is unknown, so only if requested on the command line.

        Words are split at blanks: arch/x86/lib/cmdline.c does not support quotes.
        """
        words = self.cmdline.split()
        modes = [word.partition("=")[2] for word in words if word.startswith("spectre_v2=")]
        off = "nospectre_v2" in words or "mitigations=off" in words
        return self.on("RETPOLINE") and not off and bool(modes) and modes[-1] in GUARDED

    @property
    def banner(self) -> str:
        """The text of /proc/version."""
        return self.told or f"Linux version {self.release} {self.version}"

    def since(self, *number: int) -> bool:
        """Whether the kernel is of this release or later."""
        return self.number >= number


def rules(kernel: Description, cmdline: str = "", end: int | None = None) -> Rules:
    """The rules of ``kernel``; raises BadKernel if its architecture is unknown.

    ``end`` is the address of _end; by default it is derived from the exports.
    """
    if kernel.machine is None or kernel.bits is None or kernel.order is None:
        raise BadKernel(
            "kernel", "the architecture of the kernel is not known: add an image or a configuration"
        )
    page = PAGE if kernel.page_size is None else kernel.page_size
    if page not in PAGES:
        raise BadKernel("kernel", f"no machine has pages of {page} bytes")
    switches = {**assumed(kernel), **kernel.switches}
    on = frozenset(name for name, value in switches.items() if value)
    number = _number(kernel.release or kernel.generation or OLDEST)
    options = {name: "y" if value else "n" for name, value in kernel.switches.items()}
    arch, image, percpu = _placed(
        kernel, _arch(kernel.machine, kernel.bits, kernel.order, on), options, number, end
    )
    return Rules(
        release=kernel.release or f"{kernel.generation or OLDEST}.0",
        version=kernel.version or "#1",
        vermagic=kernel.vermagic or f"{kernel.release or ''} ",
        number=number,
        arch=arch,
        layout=LayoutConfig(
            plan=_plan(number, on),
            strict_rwx="STRICT_MODULE_RWX" in on,
            kallsyms="KALLSYMS" in on,
            kallsyms_all="KALLSYMS_ALL" in on,
            unload="MODULE_UNLOAD" in on,
            smp="SMP" in on,
            page=page,
            options=options,
            release=(number[0], number[1]),
        ),
        switches=on,
        strict_versions=bool(kernel.strict_versions),
        module_size=kernel.module_size or 0,
        cmdline=cmdline,
        image=image,
        told=kernel.banner or "",
        percpu=percpu if kernel.percpu is None else kernel.percpu,
    )


def assumed(kernel: Description) -> dict[str, bool]:
    """The relevant unknown options with their assumed values; all others are off."""
    magic = (kernel.vermagic or "").split()
    found = {**USUAL}
    if kernel.vermagic is not None:
        found |= {switch: word in magic for word, switch in MAGIC_WORDS.items()}
    found.setdefault("MODVERSIONS", any(export.crc for export in kernel.exports.values()))
    found["MODULE_SIG"] = bool(kernel.keys)
    archs = [] if kernel.machine is None else machines.of_machine(kernel.machine)
    found |= {option: any(option in arch.bcj for arch in archs) for option in BCJ.values()}
    prel32 = any(arch.prel32 for arch in archs if arch.bits == kernel.bits)
    found[PREL32] = prel32 and not kernel.switches.get("UML", False)
    return {name: value for name, value in found.items() if name not in kernel.switches}


def assumptions(kernel: Description) -> list[str]:
    """One line for each assumption."""
    told = [
        f"CONFIG_{name} is unknown, assumed to be {'y' if value else 'n'}"
        for name, value in sorted(assumed(kernel).items())
        if name != PREL32 and name not in BCJ.values()
    ]
    if kernel.generation is None and kernel.release:
        told.append(f"the module loader of {kernel.release} is unknown, assumed to be that of {OLDEST}")
    if kernel.vermagic is None:
        told.append("vermagic is unknown: no module will match")
    if not kernel.exports:
        told.append("no exports are known: every import is an unknown symbol")
    unknown = sum(export.address is None for export in kernel.exports.values())
    if unknown:
        told.append(f"{unknown} exports have unknown addresses, which are assigned")
    if (known := _known(kernel)) and known.arch.beside:
        told.append(f"_end is unknown, assumed to be {known.image.high:#x}: module addresses depend on it")
    if kernel.percpu is None and (found := _known(kernel)):
        told.append(
            f"__per_cpu_end is unknown, assumed to be {found.percpu:#x}: per-CPU data of modules follows it"
        )
    if kernel.page_size is None:
        told.append(f"the page size is unknown, assumed to be {PAGE}")
    return told


def _known(kernel: Description) -> Rules | None:
    """The rules of ``kernel``, if its description suffices."""
    try:
        return rules(kernel)
    except BadKernel:
        return None


def _placed(
    kernel: Description, arch: Arch, options: dict[str, str], number: tuple[int, ...], end: int | None
) -> tuple[Arch, Range, int]:
    """``arch`` with this kernel's module range, and the places of the kernel and its per-CPU data."""
    release = number[0], number[1]
    fitted = arch.fitting(arch.configured(options, release), release)
    image = kernel_image.span(kernel, fitted) if end is None else Range(fitted.kernel_text, end)
    placed = fitted.placed(image)
    return (
        arch._replace(text=fitted.text, memory=placed.memory, spare=placed.spare),
        image,
        fitted.percpu_end or image.high,
    )


def _plan(number: tuple[int, ...], on: frozenset[str]) -> Plan:
    if number >= SEVEN_AREAS_SINCE:
        return SEVEN_AREAS
    return DATA_APART if "ARCH_WANTS_MODULES_DATA_IN_VMALLOC" in on else TWO_AREAS


def _arch(machine: int, bits: int, order: str, on: frozenset[str]) -> Arch:
    byte_order: ByteOrder = "big" if order == "big" else "little"
    try:
        found = machines.of(machine, bits, byte_order, "kernel")
    except BadModule as error:
        raise BadKernel("kernel", str(error)) from None
    return found._replace(**found.as_process) if "UML" in on else found


def _number(release: str) -> tuple[int, ...]:
    plain = release.partition("-")[0].partition("+")[0]
    digits = [part for part in plain.split(".")[:2] if part.isdigit()]
    return (*map(int, digits), 0, 0)[:2]
