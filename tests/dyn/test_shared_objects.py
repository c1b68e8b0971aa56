"""Modules linked by GNU ld as shared objects: loaded and executed."""

from __future__ import annotations

import struct
import tarfile
from errno import EBUSY, EEXIST, ENOENT, ENOEXEC
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pymodutils.dyn import measure
from pymodutils.dyn.kernel import Kernel25
from pymodutils.dyn.shared_object import SharedObject
from pymodutils.errors import ModutilsError, Refused
from tests.oracles.modprobe import here
from tests.pages import options, pages

if TYPE_CHECKING:
    from collections.abc import Callable

ARCHIVE = Path(__file__).parent / "vectors.tar.xz"
DOCS = Path(__file__).parents[2] / "docs/shared-objects.md"
RUN = ("i386", "arm", "m68k", "ppc", "s390x", "x86_64")
PRINTK = {
    "alpha": 0xFFFF_FC00_0031_0000,
    "s390x": 0x0011_0000,
    "sparc64": 0x0041_0000,
    "x86_64": 0xFFFF_FFFF_8011_0000,
}
OTHER = 0xC011_0000
NAMES = b"\0foo\0printk\0"  # of .dynstr


@cache
def vectors() -> dict[str, bytes]:
    """The files of the archive."""
    with tarfile.open(ARCHIVE) as archive:
        files = ((member.name, archive.extractfile(member)) for member in archive)
        return {name: file.read() for name, file in files if file}


def kernel(folder: Path, arch: str) -> Kernel25:
    """A kernel that exports printk where kernels of ``arch`` have it."""
    return Kernel25.boot(str(folder / "k25"), [(PRINTK.get(arch, OTHER), "printk")], "2.5.49")


@pytest.mark.parametrize("arch", RUN)
def test_it_says_what_its_source_says(arch: str, tmp_path: Path) -> None:
    linux = kernel(tmp_path, arch)
    linux.init_module("z", vectors()[f"z-{arch}.klm"])
    assert linux.log() == [(4, "x 3")]
    linux.delete_module("z")
    assert linux.modules() == []


def test_alpha_is_linked(tmp_path: Path) -> None:
    """Slots and pointers, as readelf -r lists them; no emulated processor runs Alpha code."""
    linux = kernel(tmp_path, "alpha")
    linux.init_module("z", vectors()["z-alpha.klm"])
    module = linux.module("z")
    slots = struct.unpack_from("<QQQ", module.memory, 0x20010)
    assert slots == (PRINTK["alpha"], module.base + 0x278, module.base + 0x2002C)
    assert linux.log() == []


def test_sparc64_is_linked(tmp_path: Path) -> None:
    """Addresses composed of two halves in code, and the call, as readelf -r lists them."""
    linux = kernel(tmp_path, "sparc64")
    linux.init_module("z", vectors()["z-sparc64.klm"])
    module = linux.module("z")

    def insn(at: int) -> int:
        return int.from_bytes(module.memory[at : at + 4], "big")

    halves = {
        0x320: (0x328, 0x370),
        0x32C: (0x330, 0x200014),
        0x338: (0x33C, 0x200010),
        0x360: (0x368, 0x200010),
    }
    for sethi, (other, addend) in halves.items():
        assert (insn(sethi) & 0x3F_FFFF) << 10 | insn(other) & 0x3FF == module.base + addend
    assert module.base + 0x324 + 4 * (insn(0x324) & 0x3FFF_FFFF) & 0xFFFF_FFFF == PRINTK["sparc64"]
    assert struct.unpack_from(">Q", module.memory, 0x200008) == (module.base + 0x200014,)


@pytest.mark.parametrize("arch", ["i386", "x86_64"])
def test_a_fault_goes_on_where_the_exception_table_says(arch: str, tmp_path: Path) -> None:
    linux = kernel(tmp_path, arch)
    data = vectors()[f"fault-{arch}.klm"]
    linux.init_module("fault", data)
    assert linux.log() == [(4, "read 7, 0; then 0, -14")]
    assert linux.modules()
    without = data.replace(b"__ex_table", b"__ex_tabl_")
    with pytest.raises(ModutilsError, match="cannot run"):
        linux.init_module("other", without)


@pytest.mark.parametrize("arch", RUN)
def test_data_is_what_the_source_says(arch: str, tmp_path: Path) -> None:
    """A pointer of the module, pj, points to j, which is 5."""
    linux = kernel(tmp_path, arch)
    data = vectors()[f"z-{arch}.klm"]
    linux.init_module("z", data)
    module, shared = linux.module("z"), SharedObject(data, "z")
    order, bits = shared.machine.arch.order, shared.machine.arch.bits
    places = range(0, module.size - 3, 4)
    pointers = {int.from_bytes(module.memory[at : at + bits // 8], order) for at in places}
    five = [at for at in places if int.from_bytes(module.memory[at : at + 4], order) == 5]
    assert any(module.base + at in pointers for at in five)


def test_names_are_unique_and_use_is_counted(tmp_path: Path) -> None:
    linux = kernel(tmp_path, "i386")
    data = vectors()["z-i386.klm"]
    linux.init_module("z", data)
    with pytest.raises(Refused, match="z: File exists") as raised:
        linux.init_module("z", data)
    assert raised.value.errno == EEXIST
    assert linux.proc_modules() == "z 16396 0\n"
    with pytest.raises(Refused) as raised:
        linux.delete_module("y")
    assert raised.value.errno == ENOENT


def test_another_module_is_found_by_its_hash_table(tmp_path: Path) -> None:
    linux = kernel(tmp_path, "i386")
    data = vectors()["z-i386.klm"]
    linux.init_module("z", data)
    name = SharedObject(data, "z").symbol(1).name
    assert name == "printk"
    user = data.replace(NAMES, b"\0bar\0foo\0\0\0\0")  # now it calls foo
    linux.init_module("user", user)
    assert linux.proc_modules() == "user 16396 0\nz 16396 1 user\n"
    assert len(linux.log()) == 2
    with pytest.raises(Refused) as raised:
        linux.delete_module("z")
    assert raised.value.errno == EBUSY


def test_an_unknown_symbol_is_logged(tmp_path: Path) -> None:
    linux = kernel(tmp_path, "i386")
    with pytest.raises(Refused) as raised:
        linux.init_module("z", vectors()["z-i386.klm"].replace(b"printk", b"absent"))
    assert raised.value.errno == ENOENT
    assert linux.log() == [(4, "z: Unknown symbol absent")]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:51],
        lambda data: data[:16] + b"\1" + data[17:],  # ET_REL
        lambda data: data[:42] + b"\x21" + data[43:],  # e_phentsize
        lambda data: data[:18] + b"\xff" + data[19:],  # e_machine
        lambda data: data[:2000],
        lambda data: data.replace(struct.pack("<II", 19, 8), struct.pack("<II", 19, 12)),  # DT_RELENT
    ],
)
def test_other_files_are_refused(damage: object, tmp_path: Path) -> None:
    assert callable(damage)
    with pytest.raises(Refused) as raised:
        kernel(tmp_path, "i386").init_module("z", damage(vectors()["z-i386.klm"]))
    assert raised.value.errno == ENOEXEC


def test_every_cut_is_refused(tmp_path: Path) -> None:
    data, linux = vectors()["z-i386.klm"], kernel(tmp_path, "i386")
    end = 0x2F60 + 0xAC  # of the last segment
    for length in range(0, end, 97):
        with pytest.raises(Refused):
            linux.init_module("z", data[:length])


def test_commands(tmp_path: Path) -> None:
    ksyms, file, state = tmp_path / "ksyms", tmp_path / "z.klm", str(tmp_path / "k25")
    ksyms.write_text("c0110000 printk\n")
    file.write_bytes(vectors()["z-i386.klm"])
    done = here("boot", state, "--generation", "2.5-dyn", "--from", str(ksyms), tool="kernel")
    assert done.out == f"2.5.49 (1 exports) in {state}\n"
    backend = f"emulated:{state}"
    assert here("--backend", backend, str(file), tool="insmod").status == 0
    assert here("dmesg", "--backend", backend, tool="kernel").out == "x 3\n"
    assert here("--backend", backend, tool="lsmod").out.splitlines()[1:] == ["z 16396 0"]
    assert here("dump", "--backend", backend, "z", tool="kernel").out.startswith("c8800000  7f 45 4c 46")
    assert here("--backend", backend, "z", tool="rmmod").status == 0
    done = here("--backend", backend, "z", tool="rmmod")
    assert (done.err, done.status) == ("rmmod: z: No such file or directory\n", 1)
    done = here("cat", "--backend", backend, "/proc/modules", tool="kernel")
    assert done.err == "kernel cat: ERROR: not for kernels of 2.5-dyn: see man pymodutils-shared-objects\n"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda _: b"", "no ELF file"),
        (lambda data: data[:16] + b"\1" + data[17:], "no shared object: link it with ld -shared"),
        (lambda data: data[:18] + b"\xff" + data[19:], "no kernel of 2.5-dyn for e_machine 255, 32 bits"),
        (lambda data: data[:2000], "the file is damaged"),
    ],
)
def test_insmod_says_why(change: Callable[[bytes], bytes], why: str, tmp_path: Path) -> None:
    file = tmp_path / "z.klm"
    file.write_bytes(change(vectors()["z-i386.klm"]))
    kernel(tmp_path, "i386")
    done = here("--backend", f"emulated:{tmp_path}/k25", str(file), tool="insmod")
    assert (done.err, done.status) == (f"insmod: z: Exec format error ({why})\n", 1)


def test_a_kernel_is_of_one_machine(tmp_path: Path) -> None:
    linux = kernel(tmp_path, "i386")
    linux.init_module("z", vectors()["z-i386.klm"])
    with pytest.raises(Refused, match=r"for m68k, the kernel is one of i386") as raised:
        linux.init_module("other", vectors()["z-m68k.klm"])
    assert raised.value.errno == ENOEXEC
    with pytest.raises(Refused, match=r"for i386, and the kernel has addresses of more than 32 bits"):
        kernel(tmp_path, "x86_64").init_module("z", vectors()["z-i386.klm"])


def test_the_page_has_all_options() -> None:
    page = next(path for path in pages() if path.name == "pymodutils-shared-objects.8")
    expected = {
        "--backend",
        "--generation",
        "--from",
        "--release",
        "--modules-at",
        "-o",
        "--name",
        "--raw",
        "-r",
    }
    assert options(page) - {"-h", "--help", "-V", "--version"} == expected


def test_the_figures_of_the_page() -> None:
    text = DOCS.read_text()
    for arch in (*RUN, "alpha", "sparc64"):
        old = measure.relocatable(vectors()[f"z-{arch}.o"])
        new = measure.shared(vectors()[f"z-{arch}.klm"])
        figures = (old.relocations, new.relocations, old.code, new.code, old.loaded, new.loaded, new.tables)
        assert f"| {arch} | {' | '.join(f'{figure:,}' for figure in figures)} |" in text
