"""vermagic and configuration agree, real-time kernels included."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.depends.module_info import opened
from pymodutils.elf import decode
from pymodutils.kernel.sources import config, source
from pymodutils.kernelimage import evidence
from tests.kernelimage import build
from tests.oracles.debian import newest, unpacked

START = "# Linux/x86 6.12.0 Kernel Configuration\nCONFIG_X86_64=y\nCONFIG_SMP=y\nCONFIG_MODULES=y\n"
REAL_TIME = "CONFIG_PREEMPT_RT=y\n"
BUILD = "CONFIG_PREEMPT_BUILD=y\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", "SMP "),
        (BUILD, "SMP preempt "),
        (REAL_TIME, "SMP preempt_rt "),
        (BUILD + REAL_TIME, "SMP preempt "),
    ],
)
def test_preempt_hides_preempt_rt(options: str, words: str) -> None:
    told = config.describe(START + options, "config", "6.12.0")
    assert told.vermagic == f"6.12.0 {words}"
    switches = evidence.of_vermagic(told.vermagic)
    assert switches.items() <= told.switches.items()


@pytest.mark.lane
@pytest.mark.slow
def test_debians_real_time_kernel() -> None:
    package = unpacked(newest("linux-image-rt-amd64", "trixie"), "trixie")
    module = next(package.rglob("dummy.ko.xz"))
    info = dict(decode.modinfo(opened(str(module)).section(".modinfo") or b""))
    path = next((package / "boot").glob("config-*"))
    release = path.name.removeprefix("config-")
    assert config.describe(path.read_text(), "config", release).vermagic == info["vermagic"]


def test_a_configuration_in_the_folder_of_the_release(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/modules" / build.RELEASE
    folder.mkdir(parents=True)
    (folder / "vmlinuz").write_bytes(build.raw(build.Shape(), build.rows(), 0x80100000))
    (folder / "config").write_text(START + "CONFIG_MODULE_SIG=y\n")
    assert source.describe([str(folder / "vmlinuz")]).switches["MODULE_SIG"] is True
    folder.rename(folder.with_name("another"))
    told = source.describe([str(folder.with_name("another") / "vmlinuz")])
    assert "MODULE_SIG_FORCE" not in told.switches
