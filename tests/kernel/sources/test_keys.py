"""Keys found in kernel images are those that sign its modules."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from pymodutils.elf import compress
from pymodutils.kernel.description import Description
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.sources import builtin, source
from pymodutils.names import of_path
from pymodutils.root import Root
from pymodutils.signature import verify as verifier
from tests.lanes import qemu, uml
from tests.oracles import kernels, trees
from tests.oracles.debian import unpacked

MODULES = {"cloud-amd64": 1121, "arm64": 3684}  # how many
OTHERS = ("amd64", "armhf", "i386", "s390x", "ppc64el", "mips64el", "riscv64")  # the last one: P-256
FEW = 20
UML = "usr/bin/linux.uml"

pytestmark = [pytest.mark.lane, pytest.mark.slow]


@cache
def described(name: str) -> Description:
    return source.describe([str(kernels.kernel(name).image)])


def refused(name: str, modules: list[Path], *, change: int = 0) -> list[tuple[str, int]]:
    """Those of ``modules`` that the kernel ``name`` refuses, a byte of each changed by ``change``."""
    found = []
    for path in modules:
        data = bytearray(compress.read(str(path)))
        data[len(data) // 3] ^= change
        errno = verifier.check(bytes(data), described(name).keys).errno
        if errno:
            found.append((path.name, errno))
    return found


@pytest.mark.parametrize("name", MODULES)
def test_every_module_of_a_kernel_is_signed_by_its_key(name: str) -> None:
    modules = sorted(kernels.kernel(name).modules.rglob("*.ko"))
    assert refused(name, modules) == []
    assert len(modules) == MODULES[name]


@pytest.mark.parametrize("name", OTHERS)
def test_modules_of_other_kernels_are_signed_by_theirs(name: str) -> None:
    modules = sorted(kernels.kernel(name).modules.rglob("*.ko*"))
    assert len(described(name).keys) == 1
    assert refused(name, modules[:: len(modules) // FEW]) == []


@pytest.mark.parametrize("name", [*MODULES, *OTHERS])
def test_a_changed_byte_is_seen(name: str) -> None:
    modules = sorted(kernels.kernel(name).modules.rglob("*.ko*"))
    few = modules[:: len(modules) // FEW]
    rejected = 129  # EKEYREJECTED
    assert refused(name, few, change=1) == [(path.name, rejected) for path in few]


def test_the_keys_of_another_kernel_do_not_fit() -> None:
    module = min(kernels.kernel("arm64").modules.rglob("*.ko"))
    missing = 126  # ENOKEY
    assert verifier.check(module.read_bytes(), described("cloud-amd64").keys).errno == missing


SHOWN = "tests.lanes.guest.builtins:shown"
FOR_OTHER_HARDWARE = {"forky": {"ghes"}}  # drivers that do not come as far as to register in QEMU


def test_built_in_modules_are_those_that_user_mode_linux_shows() -> None:
    told = source.describe([str(unpacked("user-mode-linux") / UML)])
    assert list(told.builtins or ()) == uml.run(SHOWN)


@pytest.mark.parametrize("name", ["cloud-amd64", "trixie", "forky"])
def test_built_in_modules_are_those_that_the_kernel_shows(name: str) -> None:
    image = kernels.kernel(name).image
    cpu = "max" if name == "cloud-amd64" else qemu.LATER_CPU
    ours = set(EmulatedKernel.boot(source.describe([str(image)])).listdir("/sys/module"))
    assert ours - FOR_OTHER_HARDWARE.get(name, set()) == set(qemu.run(SHOWN, image=image, cpu=cpu))


@pytest.mark.parametrize(("name", "image"), [("cloud", "cloud-amd64"), ("uml", "")])
def test_what_a_module_directory_does_not_tell_concerns_none_of_its_modules(name: str, image: str) -> None:
    path = kernels.kernel(image).image if image else unpacked("user-mode-linux") / UML
    truth = set(source.describe([str(path)]).builtins or ())
    text = (trees.tree(name).modules / "modules.builtin.modinfo").read_text(errors="surrogateescape")
    told = set(builtin.describe(text, "modinfo").builtins or ())
    files = {of_path(str(path)) for path in trees.tree(name).modules.rglob("*.ko")}
    assert len(told & truth) > len(told) / 2
    assert (told ^ truth) & files == set()  # so that the verdict on none of the modules depends on it


def test_the_running_kernels_are_those_without_a_state(tmp_path: Path) -> None:
    for name, state in (("fat", True), ("kernel", False), ("printk", False)):
        folder = tmp_path / "sys/module" / name
        folder.mkdir(parents=True)
        if state:
            (folder / "initstate").write_text("live\n")
    assert builtin.running(Root(str(tmp_path))) == ("kernel", "printk")
    assert builtin.running(Root(str(tmp_path / "nowhere"))) is None
