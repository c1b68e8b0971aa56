"""Real images, compared with Module.symvers, .config, symbol table and modules."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from pymodutils.elf import decode, scan
from pymodutils.kernelimage import kallsyms, kernel
from pymodutils.kernelimage.kernel import KernelImage
from tests.oracles.debian import unpacked
from tests.oracles.kernels import FLAVOURS, Kernel
from tests.oracles.kernels import kernel as debian

pytestmark = [pytest.mark.lane, pytest.mark.slow]
WITH_MODULES = [name for name in FLAVOURS if name != "loong64"]
BASES = {  # where the architecture's memory map puts the kernel; Documentation/arm64/memory.rst, and others'
    "amd64": 0xFFFFFFFF80000000,
    "arm64": 0xFFFF800008000000,
    "armhf": 0xC0000000,
    "i386": 0xC0000000,
    "mips64el": 0xFFFFFFFF80000000,
    "ppc64el": 0xC000000000000000,
    "riscv64": 0xFFFFFFFF80000000,
}


@cache
def read(name: str) -> tuple[Kernel, KernelImage]:
    real = debian(name)
    return real, kernel.read(real.image.read_bytes(), real.image.name)


@pytest.mark.parametrize("name", FLAVOURS)
def test_exports_are_those_of_module_symvers(name: str) -> None:
    real, image = read(name)
    theirs = real.symvers()
    ours = {key: row[1:] for key, row in image.exports.items()}
    assert len(theirs) > 8000
    assert theirs.keys() - ours.keys() == set()
    assert ours.keys() - theirs.keys() == set()
    assert {key: (ours[key], theirs[key]) for key in ours if ours[key] != theirs[key]} == {}


@pytest.mark.parametrize("name", WITH_MODULES)
def test_release_and_vermagic_are_those_of_its_modules(name: str) -> None:
    real, image = read(name)
    assert image.evidence.release == real.release
    module = min(real.modules.rglob("crc*.ko*"))
    said = subprocess.run(
        ["/sbin/modinfo", "-F", "vermagic", module], capture_output=True, text=True, check=True
    )
    assert image.evidence.vermagic == said.stdout.rstrip("\n")


@pytest.mark.parametrize("name", FLAVOURS)
def test_switches_seen_in_the_image_are_those_of_its_configuration(name: str) -> None:
    real, image = read(name)
    config = real.config()
    renamed = {"RETPOLINE": "MITIGATION_RETPOLINE"}
    for switch, value in image.evidence.switches.items():
        set_ = config.get(switch, config.get(renamed.get(switch, ""), "n"))
        assert (switch, value) == (switch, set_ == "y")
    assert len(image.evidence.switches) >= 7


@pytest.mark.parametrize("name", ["amd64", "cloud-amd64", "arm64"])
def test_struct_module_of_btf_is_as_large_as_in_its_modules(name: str) -> None:
    real, image = read(name)
    module = min(real.modules.rglob("crc*.ko"))
    with scan.Elf.open(str(module)) as elf:
        assert image.module_size == len(elf.section(".gnu.linkonce.this_module") or b"")


@pytest.mark.parametrize("name", BASES)
def test_addresses_lie_in_the_kernel(name: str) -> None:
    _, image = read(name)
    found = image.exports["kfree"].address or 0
    assert BASES[name] <= found < BASES[name] + (64 << 20)
    if image.bits == 64:
        assert image.remarks == {}


def test_an_image_with_packed_relocations_tells_where_it_is_linked() -> None:
    _, image = read("forky-arm64")
    assert image.linked == 0xFFFF_8000_8000_0000
    assert "addresses" not in image.remarks


def symbols(path: Path) -> dict[str, int]:
    with scan.Elf.open(str(path)) as elf:
        tables = elf.section(".symtab") or b"", elf.section(".strtab") or b""
        return {row.name: row.st_value for row in decode.symbols(*tables, elf.bits, elf.order)}


def test_addresses_are_those_of_the_symbol_table() -> None:
    real, image = read("ppc64el")
    table = symbols(real.image)
    assert {name: row.address for name, row in image.exports.items() if row.address != table[name]} == {}


def flat(path: Path) -> bytes:
    """The segments of a vmlinux as in memory, without headers."""
    out = bytearray()
    with path.open("rb") as file:
        segments = [one for one in ELFFile(file).iter_segments() if one["p_type"] == "PT_LOAD"]
        start = segments[0]["p_vaddr"]
        for one in segments:
            at = one["p_vaddr"] - start
            out += bytes(max(0, at + one["p_filesz"] - len(out)))
            out[at : at + one["p_filesz"]] = one.data()
    return bytes(out)


def test_a_kernel_without_headers_tells_the_same() -> None:
    real, image = read("ppc64el")
    again = kernel.read(flat(real.image), "flat")
    assert again.container == "raw image"
    assert again.exports == image.exports


def test_user_mode_linux_without_modversions() -> None:
    path = unpacked("user-mode-linux") / "usr/bin/linux.uml"
    image = kernel.read(path.read_bytes(), "linux.uml")
    table = symbols(path)
    entries = {name.removeprefix("__ksymtab_") for name in table if name.startswith("__ksymtab_")}
    assert len(image.exports) > 5000
    assert {row.crc for row in image.exports.values()} == {None}
    if entries:
        assert image.exports.keys() == entries
    assert image.remarks["crcs"] == "the image has no CRCs (CONFIG_MODVERSIONS=n)"


@pytest.mark.parametrize("name", ["amd64", "i386", "ppc64el", "riscv64", "trixie", "trixie-arm64", "forky"])
def test_symbols_have_the_addresses_of_exports(name: str) -> None:
    _, image = read(name)
    assert image.kallsyms is not None
    found = kallsyms.addresses(image.kallsyms, [key.encode() for key in image.exports])
    told = {key: found.get(key.encode(), ()) for key in image.exports}
    known = {key: image.exports[key].address for key, places in told.items() if places}
    assert len(known) > 0.9 * len(told)  # without KALLSYMS_ALL data has no symbols
    assert {key: address for key, address in known.items() if address not in told[key]} == {}
