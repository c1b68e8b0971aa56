"""Kernel descriptions: all properties of a kernel that matter for loading modules."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils import arch as archs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.elf.ksymtab import Export

SWITCHES: Final = (  # the configuration that changes verdicts, layout or what can be seen; without CONFIG_
    "MODULES",
    "SMP",
    "PREEMPT_BUILD",
    "PREEMPT_RT",
    "MODVERSIONS",
    "ASM_MODVERSIONS",
    "BASIC_MODVERSIONS",
    "EXTENDED_MODVERSIONS",
    "MODULE_SIG",
    "MODULE_SIG_FORCE",
    "PKCS7_WAIVE_AUTHATTRS_REJECTION_FOR_MLDSA",
    "MODULE_FORCE_LOAD",
    "MODULE_UNLOAD",
    "MODULE_FORCE_UNLOAD",
    "MODULE_UNLOAD_TAINT_TRACKING",
    "MODULE_ALLOW_BTF_MISMATCH",  # otherwise a module with damaged .BTF is refused
    "MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS",
    "MODULE_SRCVERSION_ALL",
    "MODULE_COMPRESS",
    "MODULE_COMPRESS_NONE",
    "MODULE_COMPRESS_GZIP",
    "MODULE_COMPRESS_XZ",
    "MODULE_COMPRESS_ZSTD",
    "MODULE_DECOMPRESS",
    "XZ_DEC_X86",
    "XZ_DEC_POWERPC",
    "XZ_DEC_IA64",
    "XZ_DEC_ARM",
    "XZ_DEC_ARMTHUMB",
    "XZ_DEC_SPARC",
    "XZ_DEC_ARM64",
    "XZ_DEC_RISCV",
    "STRICT_MODULE_RWX",
    "TRIM_UNUSED_KSYMS",
    "KALLSYMS",
    "KALLSYMS_ALL",
    "RETPOLINE",  # MITIGATION_RETPOLINE since 6.9
    "LIVEPATCH",
    "MODULE_SECTIONS",  # RISC-V: GOT and PLT of modules
    "CONSTRUCTORS",
    "CRYPTO_ECDSA",
    "CRYPTO_MD4",
    "CRYPTO_MD5",
    "CRYPTO_SHA1",
    "CRYPTO_SHA512",
    "CRYPTO_SHA3",
    "CRYPTO_MLDSA",
    "CRYPTO_SM3_GENERIC",
    "CRYPTO_STREEBOG",
    "DEBUG_INFO_BTF_MODULES",
    "DYNAMIC_DEBUG",
    "DYNAMIC_DEBUG_CORE",
    "FUNCTION_TRACER",
    "GENERIC_BUG",
    "HAVE_ARCH_PREL32_RELOCATIONS",
    "INTEGRITY_PLATFORM_KEYRING",
    "JUMP_LABEL",
    "LOCK_DOWN_KERNEL_FORCE_INTEGRITY",
    "RANDSTRUCT",
    "SECURITY_LOCKDOWN_LSM",
    "SYSFS",
    "TRACEPOINTS",
    "UML",
)
GENERATIONS: Final = ("6.1", "6.3", "6.13", "6.14", "6.16", "7.0")  # releases with a different loader


class Description(NamedTuple):
    """The known properties of a kernel; unknown ones are None or missing."""

    release: str | None = None
    version: str | None = None  # "#1 SMP ...", as in uname -v
    banner: str | None = None  # the text of /proc/version, with builder and compiler
    vermagic: str | None = None
    machine: int | None = None  # e_machine
    bits: int | None = None
    order: str | None = None  # "little" or "big"
    page_size: int | None = None  # bytes
    exports: Mapping[str, Export] = MappingProxyType({})
    complete: bool = False  # whether ``exports`` is complete
    switches: Mapping[str, bool] = MappingProxyType({})  # keys of switches_of its machine
    module_size: int | None = None  # sizeof(struct module)
    percpu: int | None = None  # __per_cpu_end: start of the per-CPU memory reserved for modules
    generation: str | None = None  # one of GENERATIONS
    strict_versions: bool | None = None  # Debian's kernels refuse an import that __versions does not list
    sources: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()  # conflicts between sources, and the choice
    remarks: Mapping[str, str] = MappingProxyType({})  # field -> why a source does not provide it
    keys: tuple[bytes, ...] = ()  # DER certificates trusted for modules
    btf: bytes | None = None  # the kernel's own, the base of modules' BTF
    kallsyms: bytes | None = None  # all its symbols, packed by kernelimage.kallsyms
    builtins: tuple[str, ...] | None = None  # built-in modules with a directory in /sys/module

    @property
    def arch(self) -> str | None:
        """The architecture's name, or None."""
        if self.machine is None:
            return None
        found = archs.of_machine(self.machine)
        same = [one for one in found if self.bits in (None, one.bits) and self.order in (None, one.order)]
        return same[0].machine_name if same else f"machine {self.machine}"


def generation_of(release: str) -> str | None:
    """The newest of GENERATIONS that is not newer than ``release``; None if there is none."""
    number = _number(release)
    known = [name for name in GENERATIONS if number and _number(name) <= number]
    return known[-1] if known else None


def switches_of(machine: int | None) -> tuple[str, ...]:
    """The relevant switches for kernels of a machine with this e_machine."""
    if machine is None:
        return SWITCHES
    return (*SWITCHES, *dict.fromkeys(name for arch in archs.of_machine(machine) for name in arch.switches))


def is_strict(version: str) -> bool:
    """Whether ``version`` (uname -v) is that of a Debian kernel."""
    return "Debian" in version


def _number(release: str) -> tuple[int, ...]:
    parts = release.split("-", maxsplit=1)[0].split("+", maxsplit=1)[0].split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else ()


def unknown(kernel: Description) -> dict[str, str]:
    """The unknown properties of ``kernel``: field -> the reason, and the source to add."""
    missing = {field: HINTS[field] for field in HINTS if getattr(kernel, field) is None}
    open_switches = [name for name in switches_of(kernel.machine) if name not in kernel.switches]
    if open_switches:
        missing["switches"] = f"no source tells {_some(open_switches)}; {CONFIGURE}"
    if kernel.switches.get("MODULE_SIG") and not kernel.keys:
        missing["keys"] = "no source has the certificates that are trusted; add an image"
    if kernel.switches.get("DEBUG_INFO_BTF_MODULES") and kernel.btf is None:
        missing["btf"] = "no source has the kernel's own BTF, which that of modules refers to; add an image"
    if kernel.switches.get("LIVEPATCH") and kernel.kallsyms is None:
        missing["kallsyms"] = "no source has all symbols, which live patches look up; add an image"
    missing |= _unknown_exports(kernel)
    if kernel.generation is None and kernel.release:
        missing["generation"] = f"the loader of {kernel.release} is older than those that are known"
    return {field: kernel.remarks.get(field, why) for field, why in missing.items()}


def _unknown_exports(kernel: Description) -> dict[str, str]:
    rows = kernel.exports.values()
    if not rows:
        return {"exports": "no source lists exports; add an image, a headers directory or a package"}
    absent = {
        "addresses": (sum(row.address is None for row in rows), "only an image has them"),
        "crcs": (sum(row.crc is None for row in rows), "add an image or a Module.symvers"),
        "gpl": (sum(row.gpl is None for row in rows), "add an image or a Module.symvers"),
    }
    told = {key: f"of {count} exports; {why}" for key, (count, why) in absent.items() if count}
    if not kernel.complete:
        told["exports"] = "only those that the modules import are known; add an image or a Module.symvers"
    if kernel.switches.get("MODVERSIONS") is False:
        told.pop("crcs", None)
    return told


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown  # noqa: PLR2004


CONFIGURE: Final = "add /boot/config-RELEASE or a headers directory"
HINTS: Final = {
    "release": "no source names it; add an image or a headers directory",
    "version": "no source names it; add an image",
    "vermagic": "no source has it; add an image or a module directory",
    "machine": "no source tells the architecture; add an image or a configuration",
    "page_size": f"this architecture has several; {CONFIGURE}",
    "module_size": "no module, and no BTF in the image; add a module directory",
    "percpu": "no source tells where per-cpu data ends; add an image with section headers",
    "builtins": "no source tells which of them /sys/module shows; add an image or a module directory",
    "generation": "it follows from the release, which is not known",
    "strict_versions": "who built it decides whether imports without a version are refused; add an image",
}
