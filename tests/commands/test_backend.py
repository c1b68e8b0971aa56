"""Every tool on an emulated kernel, with kmod's texts on a real one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pymodutils.kernel import saved
from tests.kernel.emulated.modules import description, module
from tests.oracles.modprobe import here

RELEASE = "6.1.0-made"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an emulated kernel and a few made-up modules."""
    folder = tmp_path / "lib/modules" / RELEASE / "kernel"
    folder.mkdir(parents=True)
    files = {
        "base": module("base", exports=["base_call"]),
        "user": module("user", info=["depends=base"], imports=["base_call"], versions={"base_call": 0x100}),
        "wrong": module("wrong", magic="5.0 "),
        "stays": module("stays", functions=["init_module"]),
    }
    for name, data in files.items():
        (folder / f"{name}.ko").write_bytes(data)
    (folder.parent / "modules.builtin").write_text("kernel/fs/built_in.ko\n")
    monkeypatch.setenv("PYMODUTILS_SYSROOT", str(tmp_path))
    source, state = tmp_path / "kernel.json", tmp_path / "kernel.state"
    source.write_text(saved.dumps(description()))
    out, err, status = here("boot", str(state), "--from", str(source), tool="kernel")
    assert (out, err, status) == (f"{RELEASE} (x86_64, 5 exports) in {state}\n", "", 0)
    monkeypatch.setenv("PYMODUTILS_BACKEND", f"emulated:{state}")
    assert here(tool="depmod").status == 0  # of the emulated kernel's release
    return tmp_path


def kernel(*words: str) -> str:
    """The output of a kernel command."""
    done = here(*words, tool="kernel")
    assert done.status == 0, done.err
    return done.out


def test_modprobe_loads_what_is_needed_and_removes_what_is_not(machine: Path) -> None:
    assert here("-v", "user").out.splitlines() == [
        f"insmod {machine}/lib/modules/{RELEASE}/kernel/{name}.ko " for name in ("base", "user")
    ]
    assert here(tool="lsmod").out.splitlines() == [
        "Module                  Size  Used by",
        "user                   12288  0",  # a page each of code, data, symbols
        "base                   16384  1 user",  # and of constants: its exports
    ]
    assert here("-r", "-v", "user").out == "rmmod user\nrmmod base\n"
    assert here(tool="lsmod").out == "Module                  Size  Used by\n"


def test_insmod_is_refused_with_the_kernels_reason(machine: Path) -> None:
    path = machine / "lib/modules" / RELEASE / "kernel/user.ko"
    done = here(str(path), tool="insmod")
    assert (done.status, done.err) == (
        1,
        f"insmod: ERROR: could not insert module {path}: Unknown symbol in module\n",
    )
    advice = here("-v", str(path), tool="insmod").err.splitlines()[1]
    assert advice == "insmod: WARNING: the kernel's reason: user: Unknown symbol base_call (err -2)"
    assert kernel("dmesg").splitlines()[-1].endswith("] user: Unknown symbol base_call (err -2)")


def test_rmmod_says_what_kmods_says() -> None:
    here("-a", "user", "stays")
    assert here("base", tool="rmmod").err == "rmmod: ERROR: Module base is in use by: user\n"
    assert here("nosuch", tool="rmmod").err == "rmmod: ERROR: Module nosuch is not currently loaded\n"
    assert here("stays", tool="rmmod").status == 1
    assert "R" not in kernel("taint")
    assert here("-f", "stays", tool="rmmod").status == 0
    assert "  R  a module was removed by force" in kernel("taint")


def test_wait_for_a_user_that_another_process_ends(machine: Path) -> None:
    here("base")
    kernel("get", "base")
    assert here("base", tool="rmmod").err == "rmmod: ERROR: Module base is in use\n"
    words = [sys.executable, "-m", "pymodutils", "rmmod", "--wait=30", "base"]
    waiting = subprocess.Popen(words, cwd=Path(__file__).parents[2])
    time.sleep(0.5)
    assert waiting.poll() is None
    kernel("put", "base")
    assert waiting.wait(30) == 0
    assert here(tool="lsmod").out.count("\n") == 1
    assert machine.exists()


def test_force_marks_module_and_kernel(machine: Path) -> None:
    path = str(machine / "lib/modules" / RELEASE / "kernel/wrong.ko")
    assert here("--force", path, tool="insmod").status == 0
    assert json.loads(here("--format", "json", tool="lsmod").out)["modules"][0]["taints"] == "F"
    assert kernel("cat", "/sys/module/wrong/taint") == "F\n"
    assert kernel("taint").startswith("2\n")


def test_modinfo_of_the_emulated_kernels_release(machine: Path) -> None:
    shown = here("-F", "filename", "user", tool="modinfo").out
    assert shown == f"{machine}/lib/modules/{RELEASE}/kernel/user.ko\n"


def test_exported_files_are_read_by_any_tool(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here("user")
    kernel("export", str(machine / "shown"))
    listed = here(tool="lsmod").out
    monkeypatch.delenv("PYMODUTILS_BACKEND")
    assert here("--sysroot", str(machine / "shown"), tool="lsmod").out == listed
    assert os.readlink(machine / "shown/sys/module/base/holders/user") == "../../user"
    assert here("export", str(machine / "shown"), tool="kernel").status == 1


def test_uevents_and_levels() -> None:
    here("base")
    here("-r", "base")
    lines = [line.partition("] ")[2] for line in kernel("dmesg", "-u").splitlines()]
    assert [line for line in lines if "@" in line] == [
        f"{action}@/module/base ACTION={action} DEVPATH=/module/base SUBSYSTEM=module SEQNUM={number}"
        for number, action in ((1, "add"), (2, "remove"))
    ]
    assert kernel("dmesg", "-r").startswith("<5>[    0.0")


def test_init_that_fails_and_one_that_warns() -> None:
    kernel("behave", "base", "--init-returns", "-19")
    assert here("base").err == "modprobe: ERROR: could not insert 'base': No such device\n"
    kernel("behave", "base", "--init-returns", "5")
    assert here("base").status == 0
    assert "'base'->init suspiciously returned 5, it should follow 0/-E convention" in kernel("dmesg")


def test_errors_say_what_to_do(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    again = "make one with 'pymodutils kernel boot'"
    for backend, why in {
        f"emulated:{machine}/nosuch": f"{machine}/nosuch: there is no emulated kernel: {again}",
        "elsewhere": "unknown backend 'elsewhere': real, emulated[:FILE] or machine[:FILE]",
    }.items():
        monkeypatch.setenv("PYMODUTILS_BACKEND", backend)
        assert here(tool="lsmod") == ("", f"lsmod: ERROR: {why}\n", 1)
    (machine / "text").write_text("no kernel at all, but long enough to be looked at" * 30)
    monkeypatch.setenv("PYMODUTILS_BACKEND", f"emulated:{machine}/text")
    assert "the file is damaged" in here(tool="lsmod").err


@pytest.mark.parametrize("variable", [None, "", "real", "emulated"])
@pytest.mark.parametrize(
    "words",
    [
        ("dmesg",),
        ("cat", "/proc/modules"),
        ("ls", "/proc"),
        ("map",),
        ("map", "base"),
        ("dump", "base", ".text"),
        ("get", "base"),
        ("behave", "user", "--init-returns", "0"),
        ("taint",),
        ("write", "/proc/sys/kernel/tainted", "0"),
        ("export", "exported"),
    ],
    ids=" ".join,
)
def test_every_command_finds_the_kernel_that_boot_makes_by_default(
    machine: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(machine / "home"))
    monkeypatch.chdir(machine)
    monkeypatch.delenv("PYMODUTILS_BACKEND")
    kernel("boot", "--from", str(machine / "kernel.json"))
    base = machine / "lib/modules" / RELEASE / "kernel/base.ko"
    assert here("--backend", "emulated", str(base), tool="insmod").status == 0
    if variable is not None:
        monkeypatch.setenv("PYMODUTILS_BACKEND", variable)
    kernel(*words)
