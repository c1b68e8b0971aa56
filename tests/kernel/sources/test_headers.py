"""Module.symvers of every release, .config, include/generated."""

from __future__ import annotations

import pytest

from pymodutils.elf.ksymtab import Export
from pymodutils.errors import BadKernel
from pymodutils.kernel.description import SWITCHES
from pymodutils.kernel.sources import config, headers, source
from tests.oracles.kernels import FLAVOURS
from tests.oracles.kernels import kernel as debian

LINES = {
    "since 5.6": "0x0000002a\tfoo\tvmlinux\tEXPORT_SYMBOL_GPL\tNS\n0x1\tbar\tvmlinux\tEXPORT_SYMBOL\t\n",
    "5.4 and 5.5": "0x0000002a\tfoo\tNS\tvmlinux\tEXPORT_SYMBOL_GPL\n0x1\tbar\t\tvmlinux\tEXPORT_SYMBOL\n",
    "before 5.4": "0x0000002a\tfoo\tvmlinux\tEXPORT_SYMBOL_GPL\n0x1\tbar\tvmlinux\tEXPORT_SYMBOL\n",
}


@pytest.mark.parametrize("release", LINES)
def test_columns(release: str) -> None:
    text = LINES[release] + LINES[release].replace("vmlinux", "fs/ext4/ext4").replace("foo", "baz")
    space = "NS" if release[-3:] != "5.4" or "and" in release else ""
    told = headers.symvers(text, "f")
    assert told.exports == {"foo": Export(None, 42, True, space), "bar": Export(None, 1, False, "")}
    assert told.complete


def test_zeros_are_no_versions() -> None:
    told = headers.symvers("0x00000000\tfoo\tvmlinux\tEXPORT_SYMBOL\t\n", "f")
    assert told.exports == {"foo": Export(None, None, False, "")}
    assert told.switches == {"MODVERSIONS": False}


@pytest.mark.parametrize("line", ["junk", "0xzz\ta\tvmlinux\tEXPORT_SYMBOL\t", "0x1\ta\tvmlinux\tWHAT\t"])
def test_another_line_is_refused_by_its_number(line: str) -> None:
    with pytest.raises(BadKernel, match=r"^f:2: not a line of Module.symvers"):
        headers.symvers(f"0x1\ta\tvmlinux\tEXPORT_SYMBOL\t\n{line}\n", "f")


def test_a_configuration_says_all_switches() -> None:
    told = config.describe("# Linux/x86 6.9.1 Kernel Configuration\nCONFIG_MITIGATION_RETPOLINE=y\n", "c")
    assert {name for name, on in told.switches.items() if on} == {"RETPOLINE"}
    assert set(told.switches) == set(SWITCHES)


@pytest.mark.parametrize(
    ("line", "size"),
    [
        ("CONFIG_PAGE_SHIFT=14", 16384),
        ("CONFIG_ARM64_64K_PAGES=y", 65536),
        ("CONFIG_PPC_64K_PAGES=y", 65536),
        ("CONFIG_PAGE_SIZE_16KB=y", 16384),
        ("CONFIG_PAGE_SIZE_LESS_THAN_64KB=y", None),
        ("CONFIG_X86_64=y", 4096),
    ],
)
def test_page_sizes(line: str, size: int | None) -> None:
    assert config.describe(line + "\n", "c").page_size == size


@pytest.mark.lane
@pytest.mark.parametrize("name", FLAVOURS)
def test_headers_of_debian(name: str) -> None:
    real = debian(name)
    told = source.describe([str(real.headers)])
    assert {key: row[1:] for key, row in told.exports.items()} == real.symvers()
    assert told.release == real.release
    assert told.version is not None
    assert told.strict_versions is True
    machine, bits, order = MACHINES[name]
    assert (told.machine, told.bits, told.order) == (machine, bits, order)
    assert told.page_size == {"ppc64el": 65536, "loong64": 16384}.get(name, 4096)
    if name == "loong64":
        return
    modules = source.describe([str(min(real.modules.rglob("*.ko*")))])
    assert told.vermagic in (modules.vermagic, None)
    assert (told.vermagic is None) == (name in ("armhf", "i386", "ppc64el", "mips64el", "mipsel"))
    assert (modules.machine, modules.bits, modules.order) == (machine, bits, order)


@pytest.mark.lane
@pytest.mark.parametrize(
    ("name", "on", "off"),
    [
        ("armhf", {"ARM_MODULE_PLTS", "ARM_HAS_GROUP_RELOCS", "DYNAMIC_FTRACE"}, {"THUMB2_KERNEL"}),
        ("arm64", {"ARM64_MODULE_PLTS", "RANDOMIZE_BASE"}, set()),
        ("s390x", set(), {"EXPOLINE"}),
        ("ppc64el", {"DYNAMIC_FTRACE_WITH_REGS", "MPROFILE_KERNEL"}, {"PPC64_ELF_ABI_V1"}),
        ("riscv64", set(), {"CMODEL_MEDLOW"}),
    ],
)
def test_what_decides_how_modules_of_a_machine_are_made(name: str, on: set[str], off: set[str]) -> None:
    told = source.describe([str(debian(name).headers)]).switches
    assert {switch: told[switch] for switch in on | off} == dict.fromkeys(on, True) | dict.fromkeys(
        off, False
    )


MACHINES = {
    "amd64": (62, 64, "little"),
    "cloud-amd64": (62, 64, "little"),
    "trixie": (62, 64, "little"),
    "forky": (62, 64, "little"),
    "arm64": (183, 64, "little"),
    "armhf": (40, 32, "little"),
    "i386": (3, 32, "little"),
    "s390x": (22, 64, "big"),
    "ppc64el": (21, 64, "little"),
    "mips64el": (8, 64, "little"),
    "mipsel": (8, 32, "little"),
    "riscv64": (243, 64, "little"),
    "loong64": (258, 64, "little"),
}
