"""Module directories, the running kernel, and how kinds of sources are distinguished."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pymodutils.errors import BadKernel, NotFound
from pymodutils.kernel.sources import source
from pymodutils.kernel.sources.files import kind_of
from pymodutils.root import Root
from tests.kernel.sources.test_packages import CONFIG, KERNEL
from tests.kernelimage import build
from tests.oracles.kernels import kernel as debian

PATHS = {
    "/boot/vmlinuz-6.1": "image",
    "boot/vmlinux-6.1": "image",
    "/usr/lib/modules/6.1/vmlinuz": "image",
    "/boot/config-6.1": "config",
    "/usr/lib/modules/6.1/config": "config",
    "/usr/src/linux-headers/.config": "config",
    "/usr/src/linux-headers/Module.symvers": "symvers",
    "Module.symvers": "symvers",
    "/usr/lib/modules/6.1/symvers.gz": "symvers",
    "/x/include/generated/utsrelease.h": "generated",
    "/lib/modules/6.1/kernel/fs/a.ko.zst": "module",
    "/x/myvmlinuz": None,
    "/boot/initrd.img-6.1": None,
    "/x/a.ko.sig": None,
    "/etc/config": None,
}


@pytest.mark.parametrize("path", PATHS)
def test_what_a_path_is(path: str) -> None:
    assert kind_of(path) == PATHS[path]


@pytest.mark.lane
@pytest.mark.slow
def test_modules_tell_a_part_of_the_truth() -> None:
    real = debian("cloud-amd64")
    told = source.describe([str(real.modules)])
    truth = real.symvers()
    assert len(told.exports) > 4000
    assert {name for name in told.exports if told.exports[name].crc != truth[name][0]} == set()
    assert (told.module_size, told.machine, told.release) == (896, 62, real.release)
    assert told.vermagic == f"{real.release} SMP preempt mod_unload modversions "
    assert not told.complete
    assert told.conflicts == ()


def test_the_running_kernel_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/version").write_text(build.BANNER.decode())
    root = Root(str(tmp_path))
    bare = source.describe(["running"], root)
    assert (bare.release, bare.version) == (build.RELEASE, "#1 SMP Debian 6.1")
    assert not bare.exports
    (tmp_path / "boot").mkdir()
    (tmp_path / f"boot/vmlinuz-{build.RELEASE}").write_bytes(KERNEL)
    (tmp_path / "proc/config.gz").write_bytes(gzip.compress(CONFIG.encode()))
    headers = tmp_path / f"lib/modules/{build.RELEASE}/build"
    headers.mkdir(parents=True)
    (headers / "Module.symvers").write_text("".join(symvers()))
    whole = source.describe(["running"], root)
    assert whole.exports["kfree"].address
    assert whole.switches["KALLSYMS"] is False
    assert whole.conflicts == ()
    assert [text.removeprefix(str(tmp_path)).split(" ")[0] for text in whole.sources] == [
        "/proc/version",
        f"/boot/vmlinuz-{build.RELEASE}",
        "/proc/config.gz",
        f"/lib/modules/{build.RELEASE}/build/Module.symvers",
    ]
    with pytest.raises(NotFound):
        source.describe(["running"], Root(str(tmp_path / "absent")))


def symvers() -> list[str]:
    kinds = {True: "EXPORT_SYMBOL_GPL", False: "EXPORT_SYMBOL"}
    return [
        f"0x{row.crc:08x}\t{name}\tvmlinux\t{kinds[row.gpl]}\t{row.namespace}\n"
        for name, row in build.rows().items()
    ]


def test_a_file_is_known_by_its_start(tmp_path: Path) -> None:
    for name, content in (("k", KERNEL), ("c", CONFIG.encode()), ("s", "".join(symvers()).encode())):
        (tmp_path / name).write_bytes(content)
    whole = source.describe([str(tmp_path / name) for name in "kcs"])
    assert whole.conflicts == ()
    assert whole.switches["SYSFS"] is False
    assert len(whole.sources) == 3


def test_the_configuration_beside_an_image_is_taken_only_for_its_release(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(KERNEL)
    (tmp_path / "config-6.1.0-other").write_text(CONFIG)
    assert "SYSFS" not in source.describe([str(tmp_path / "k")]).switches
    (tmp_path / f"config-{build.RELEASE}").write_text(CONFIG)
    told = source.describe([str(tmp_path / "k")])
    assert told.switches["SYSFS"] is False
    assert told.sources[1] == str(tmp_path / f"config-{build.RELEASE}")


def test_several_kernels_are_no_description(tmp_path: Path) -> None:
    (tmp_path / "boot").mkdir()
    for release in ("6.1.0-test", "6.1.0-best"):
        image = KERNEL.replace(b"6.1.0-test", release.encode())
        (tmp_path / f"boot/vmlinuz-{release}").write_bytes(image)
    with pytest.raises(BadKernel, match=r"holds several kernels \(6.1.0-best, 6.1.0-test\)"):
        source.describe([str(tmp_path)])


def test_a_folder_without_a_kernel_says_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(BadKernel, match=r"a kernel image, a Module[.]symvers, a [.]config or modules"):
        source.describe([str(tmp_path)])
