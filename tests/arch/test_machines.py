"""Adding an architecture takes one file in arch/."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymodutils import arch as archs
from pymodutils import check
from pymodutils.arch.arm64 import ARM64
from pymodutils.arch.range import Range
from pymodutils.arch.riscv import RISCV64
from pymodutils.kernel.description import Description
from pymodutils.kernel.emulated.rules import assumptions, rules
from pymodutils.kernel.sources import config
from pymodutils.machine import UNAMES
from tests.kernel.emulated.modules import module

MACHINE = 0x1234
MADE_UP = f"""
from pymodutils.arch.x86 import X86_64
from pymodutils.machine import UNAMES

ARCHS = (X86_64._replace(name="madeup", uname="madeup64", machines=({MACHINE},), config="MADEUP"),)
"""
CONFIG = (
    "# Linux/madeup 6.1.0 Kernel Configuration\nCONFIG_MADEUP=y\nCONFIG_MODULES=y\nCONFIG_MODULE_UNLOAD=y\n"
)
E_MACHINE = slice(18, 20)
NAMES = {  # e_machine, bits: as uname -m prints it; from arch/*/Makefile and the kernels themselves
    (62, 64): "x86_64", (183, 64): "aarch64", (22, 64): "s390x", (21, 64): "ppc64le", (20, 32): "ppc",
    (243, 64): "riscv64", (258, 64): "loongarch64", (164, 32): "hexagon", (113, 32): "nios2",
    (189, 32): "microblaze", (43, 64): "sparc64", (8, 64): "mips64",
}  # fmt: skip


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of architectures with one more file."""
    folder = tmp_path / "arch"
    folder.mkdir()
    (folder / "madeup.py").write_text(MADE_UP)
    monkeypatch.setattr(archs, "__path__", [*archs.__path__, str(folder)])
    yield tmp_path
    sys.modules.pop("pymodutils.arch.madeup", None)


def test_a_made_up_architecture_is_one_file(made_up: Path) -> None:
    kernel, path = made_up / "headers", made_up / "made.ko"
    (kernel / "include/generated").mkdir(parents=True)
    (kernel / ".config").write_text(CONFIG)
    (kernel / "Module.symvers").write_text("0x00000000\t_printk\tvmlinux\tEXPORT_SYMBOL\t\n")
    (kernel / "include/generated/utsrelease.h").write_text('#define UTS_RELEASE "6.1.0"\n')
    data = bytearray(module(imports=(), info=(), magic="6.1.0 mod_unload ", functions=()))
    data[E_MACHINE] = MACHINE.to_bytes(2, "little")
    path.write_bytes(data)
    report = check([str(path)], [str(kernel)], cached=False)
    assert report.kernels[0].arch == "madeup64"
    assert [(it.rule, it.message) for it in report.verdicts[0].findings if it.severity == "error"] == []
    assert report.verdicts[0].loads
    foreign = made_up / "foreign.ko"
    foreign.write_bytes(module(imports=(), magic="6.1.0 mod_unload ", functions=()))
    assert "built for x86_64, the kernel for madeup64" in str(
        check([str(foreign)], [str(kernel)], cached=False)
    )


def test_every_architecture_is_found_by_its_number_and_by_its_option() -> None:
    for arch in archs.every():
        for machine in arch.machines:
            assert arch in archs.of_machine(machine)
        words = {arch.config: "y", "64BIT": "y" if arch.bits == 64 else "n"}
        order = {"big": "CPU_BIG_ENDIAN", "little": "CPU_LITTLE_ENDIAN"}[arch.order]
        text = "\n".join(f"CONFIG_{name}=y" for name, value in {**words, order: "y"}.items() if value == "y")
        found = config.describe(text, "a test")
        assert found.machine is not None
        assert archs.of(found.machine, found.bits or 0, found.order or "").name == arch.name
        assert found.arch == arch.machine_name


def test_names_are_those_of_uname() -> None:
    for (machine, bits), name in NAMES.items():
        assert Description(machine=machine, bits=bits).arch == name


def test_a_kernel_without_an_mmu_is_known_by_its_own_name() -> None:
    assert [arch.name for arch in archs.of_uname("m68knommu")] == ["m68k"]


@pytest.mark.parametrize("arch", [ARM64, RISCV64], ids=lambda arch: arch.name)
@pytest.mark.parametrize("size", [0x0100_0000, 0x0380_0000, 0x0700_0000], ids=hex)
def test_modules_reach_every_part_of_a_kernel_of_any_size(size: int, arch: type[object]) -> None:
    for release in ("6.12.0", "7.2.0"):
        known = Description(release=release, machine=arch.machines[0], bits=64, order="little")  # type: ignore[attr-defined]
        text = rules(known).image.low
        placed = rules(known, end=text + size).arch
        kernel = Range(text, text + size)
        for area in (placed.memory, placed.spare):
            if any(area):
                assert kernel.high - area.low <= 1 << 31
                assert area.low < area.high
                assert area.high - 1 not in kernel
        assert any("_end is unknown" in line for line in assumptions(known))


def test_kernels_in_the_process_have_the_names_of_their_rows() -> None:
    assert {machine: archs.of_machine(machine)[0].machine_name for machine in UNAMES} == UNAMES
