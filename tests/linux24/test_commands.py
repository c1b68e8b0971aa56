"""The commands for 2.4 kernels, selected by the state file or by --generation."""

from __future__ import annotations

import struct
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import click
import pytest

from pymodutils.commands import linux24
from pymodutils.elf.scan import Elf
from tests.linux24.objects import INFO, module, written
from tests.linux24.vectors import file
from tests.oracles.modprobe import here
from tests.pages import options, pages


@pytest.fixture
def backend(tmp_path: Path) -> str:
    """The backend of a freshly booted 2.4 kernel."""
    ksyms, state = tmp_path / "ksyms", tmp_path / "k24"
    ksyms.write_bytes(file("i386.ksyms"))
    words = ("boot", str(state), "--generation", "2.4", "--from", str(ksyms))
    assert here(*words, tool="kernel") == (f"2.4.32 (4 exports) in {state}\n", "", 0)
    return f"emulated:{state}"


def test_load_look_and_remove(backend: str, tmp_path: Path) -> None:
    base = written(tmp_path, "base", module(exports=["call"]))
    user = written(tmp_path, "user", module(imports=["call"]))
    assert here("--backend", backend, base, tool="insmod").status == 0
    assert here(f"--backend={backend}", "-k", user, tool="insmod").status == 0
    shown = here("--backend", backend, tool="lsmod").out.splitlines()
    assert shown[0] == "Module                  Size  Used by    Not tainted"
    assert [line.partition(" ")[0] for line in shown[1:]] == ["user", "base"]
    done = here("--backend", backend, "base", tool="rmmod")
    assert (done.err, done.status) == ("base: Device or resource busy\n", 1)
    assert here("--backend", backend, "-r", "user", tool="rmmod").status == 0
    assert len(here("--backend", backend, tool="lsmod").out.splitlines()) == 1


def test_dump_gives_the_image(backend: str, tmp_path: Path) -> None:
    path, image = written(tmp_path, "made", module()), tmp_path / "image"
    assert here("--backend", backend, "-O", str(tmp_path / "blob"), path, tool="insmod").status == 0
    assert here("dump", "--backend", backend, "--raw", "made", "-o", str(image), tool="kernel").status == 0
    assert image.read_bytes() == (tmp_path / "blob").read_bytes()
    shown = here("dump", "--backend", backend, "made", tool="kernel").out
    assert shown.startswith("c8800000  60 00 00 00 00 00 00 00  ")  # next is none, and name where it was


def test_get_put_and_dmesg(backend: str, tmp_path: Path) -> None:
    path = written(tmp_path, "made", module())
    here("--backend", backend, path, tool="insmod")
    assert here("get", "--backend", backend, "made", tool="kernel").status == 0
    assert here("--backend", backend, "made", tool="rmmod").status == 1
    assert here("put", "--backend", backend, "made", tool="kernel").status == 0
    assert here("put", "--backend", backend, "made", tool="kernel").status == 1
    assert here("--backend", backend, "made", tool="rmmod").status == 0
    assert here("dmesg", "--backend", backend, tool="kernel").out == "Linux version 2.4.32 #1\n"


def test_modinfo_shows_what_a_module_says(tmp_path: Path) -> None:
    said = {
        "license": "GPL",
        "author": "A. U. Thor",
        "parm_speed": "1-4i",
        "parm_desc_speed": "how fast",
        "parm_text": "c8",
        "parm_kept": "hp",
    }
    data = {name: bytes(4) for name in ("speed", "text", "kept")}
    path = written(tmp_path, "made", module(info=said, data=data))
    done = here("--generation", "2.4", path, tool="modinfo")
    assert done.out.splitlines() == [
        f"filename:    {path}",
        "description: <none>",
        'author:      "A. U. Thor"',
        "license:     GPL",
        'parm:        speed int array (min = 1, max = 4), description "how fast"',
        "parm:        text char",
        "parm:        kept short persistent",
    ]
    assert here("--generation", "2.4", "-l", path, tool="modinfo").out == "GPL\n"
    assert here("--generation", "2.4", "./absent.o", tool="modinfo").status == 1


def test_ksyms(backend: str, tmp_path: Path) -> None:
    here("--backend", backend, "-y", written(tmp_path, "made", module(exports=["call"])), tool="insmod")
    shown = here("--backend", backend, "-m", "-a", tool="ksyms").out.splitlines()
    assert shown[0] == "Address   Symbol                            Defined by"
    assert shown[1].startswith("c8800000  (1k)  ")
    assert shown[1].endswith("  [made]")
    assert shown[1].index("[") == shown[2].index("[") == 44
    assert "c0110000  printk                          " in shown
    assert len(here("--backend", backend, "-H", tool="ksyms").out.splitlines()) == 1
    (tmp_path / "saved").write_text("\n".join(shown) + "\n")
    words = ("boot", str(tmp_path / "again"), "--generation", "2.4", "--from", str(tmp_path / "saved"))
    assert here(*words, tool="kernel").status == 0
    assert here("--backend", f"emulated:{tmp_path}/again", "-a", "-H", tool="ksyms").out.splitlines() == [
        line for line in shown[1:] if "[made]" not in line
    ]


def test_versions(backend: str) -> None:
    assert here("--backend", backend, "-V", tool="insmod").err == "insmod version 2.4.16\n"
    assert here("--backend", backend, "-V", tool="depmod").out == "depmod version 2.4.16\n"


def test_rmmod_in_the_order_of_the_words(backend: str, tmp_path: Path) -> None:
    for name, needed in (("base", ()), ("user", ("base_call",)), ("alone", ())):
        data = module(imports=["printk", *needed], exports=[f"{name}_call"])
        here("--backend", backend, written(tmp_path, name, data), tool="insmod")
    done = here("--backend", backend, "absent", "base", "alone", tool="rmmod")
    expected = "rmmod: module absent is not loaded\nbase: Device or resource busy\n"
    assert (done.err, done.status) == (expected, 1)
    done = here("--backend", backend, "-r", "base", tool="rmmod")
    assert (done.err, done.status) == ("rmmod: base is in use\n", 1)
    assert here("--backend", backend, "-r", "user", tool="rmmod") == ("", "", 0)
    assert here("cat", "--backend", backend, "/proc/modules", tool="kernel").out == ""


def test_persistent_data_is_not_given_back(backend: str, tmp_path: Path) -> None:
    data = module(info={**INFO, "parm_n": "ip"}, data={"n": bytes(4)})
    path = written(tmp_path, "made", data)
    here("--backend", backend, "-e", f"{tmp_path}/kept", path, tool="insmod")
    done = here("--backend", backend, "-e", tool="rmmod")
    text = f"{path}: has persistent data but the kernel is too old to support it.\n"
    assert (done.err, done.status) == (text, 0)


def test_kallsyms_of_a_kernel(tmp_path: Path) -> None:
    kernel = bytearray(module(exports=["call"]))
    kernel[16] = 2  # ET_EXEC
    path = written(tmp_path, "vmlinux", bytes(kernel))
    done = subprocess.run(
        [sys.executable, "-m", "pymodutils", "kallsyms", path], capture_output=True, check=True
    )
    made = Elf(done.stdout)
    held = made.section("__kallsyms")
    assert held
    size, total, sections, *_ = struct.unpack_from("<11I", held)
    assert (size, total, sections) == (44, len(held), 2)
    assert b"\0call\0" in held
    assert here(written(tmp_path, "made", module()), tool="kallsyms").status == 1


def test_other_words_are_refused(backend: str) -> None:
    done = here("--generation", "2.2", "x.o", tool="insmod")
    assert (done.err, done.status) == ("insmod: ERROR: unknown generation '2.2': give 2.4 or 2.5-dyn\n", 1)
    done = here("--backend", backend, tool="insmod")
    assert (done.err, done.status) == ("insmod: missing filename.\n", 1)
    done = here("ls", "--backend", backend, "/proc", tool="kernel")
    assert "this is not the file of an emulated kernel of 2.6 or later\n" in done.err


def test_a_damaged_file_is_named_once(backend: str, tmp_path: Path) -> None:
    for length, why in ((10, "it is not an ELF file"), (200, "bytes at offset 0 lie outside its 200 bytes")):
        path = written(tmp_path, "cut", module()[:length])
        done = here("--backend", backend, path, tool="insmod")
        assert done.status == 1
        assert done.err.count(path) == 1
        assert done.err.endswith(f"{why}\n")


def test_addresses_of_64_bits_are_not_for_a_machine_of_32(tmp_path: Path) -> None:
    (tmp_path / "ksyms").write_text("ffffffff80110000 printk\n")
    words = ("boot", str(tmp_path / "k24"), "--generation", "2.4", "--from", str(tmp_path / "ksyms"))
    done = here(*words, "--arch", "i386", tool="kernel")
    assert done.err == "kernel: ERROR: a symbol is above the 32-bit addresses of i386\n"
    assert here(*words, tool="kernel").status == 0
    done = here("--backend", f"emulated:{tmp_path}/k24", written(tmp_path, "made", module()), tool="insmod")
    assert done.status == 1
    assert done.err.endswith("made.o not for this architecture\n")


@pytest.mark.parametrize("generation", ["2.4", "2.5-dyn"])
def test_numbers_of_a_kernel(generation: str, tmp_path: Path) -> None:
    (tmp_path / "ksyms").write_bytes(file("i386.ksyms"))
    words = ("boot", str(tmp_path / "k"), "--generation", generation, "--from", str(tmp_path / "ksyms"))
    for address in ("-1000", "c8800001", "1ffffffffffffffff000"):
        done = here(*words, f"--modules-at={address}", tool="kernel")
        text = f"kernel boot: ERROR: no page of 4,096 bytes begins at {address}\n"
        assert (done.err, done.status) == (text, 1)
    if generation == "2.4":
        done = here(*words, "--release", "", tool="kernel")
        assert done.err.startswith("kernel boot: ERROR: --release is empty")
        done = here(*words, "--init-returns", f"x={10**20}", tool="kernel")
        assert (done.err, done.status) == (f"kernel boot: ERROR: 'x={10**20}' is not NAME=NUMBER\n", 1)


def test_the_page_has_all_options() -> None:
    known = set()
    for found in iter_modules(linux24.__path__):
        command = getattr(import_module(f"{linux24.__name__}.{found.name}"), "command", None)
        if command:
            params = [param for param in command.params if isinstance(param, click.Option)]
            assert all(param.help for param in params)
            known |= {name for param in params for name in param.opts}
    page = next(path for path in pages() if path.name == "pymodutils-linux24.8")
    assert options(page) == known


def test_a_state_needs_a_file_in_a_directory(tmp_path: Path) -> None:
    (tmp_path / "ksyms").write_bytes(file("i386.ksyms"))
    for state, why in (
        (tmp_path, "it is a directory: name a file"),
        (tmp_path / "none/k24", f"there is no directory {tmp_path}/none: make it first"),
    ):
        words = ("boot", str(state), "--generation", "2.4", "--from", str(tmp_path / "ksyms"))
        done = here(*words, tool="kernel")
        assert (done.err, done.status) == (f"kernel: ERROR: {state}: {why}\n", 1)
