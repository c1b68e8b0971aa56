"""Completion in bash, zsh and fish on a real module tree."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.completions.shells import Shells
from tests.kernel.emulated.modules import module
from tests.oracles.trees import Tree, linked, tree

pytestmark = [pytest.mark.lane, pytest.mark.slow]
Ask = Callable[[str], set[str]]
REPOSITORY = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def module_tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A machine with User Mode Linux's modules, two of which are loaded."""
    found = linked(tree("uml"), tmp_path_factory.mktemp("machine"))
    (found.root / "proc").mkdir()
    (found.root / "proc/modules").write_text("vfat 20480 0 - Live 0x0\nfat 86016 1 vfat, Live 0x0\n")
    (found.root / "lib/modules" / os.uname().release).symlink_to(found.version)
    return found


@pytest.fixture(scope="module")
def shells(module_tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> Shells:
    bin_ = tmp_path_factory.mktemp("bin")
    modinfo = bin_ / "modinfo"
    modinfo.write_text(
        f'#!/bin/sh\nPYTHONPATH={REPOSITORY} exec {sys.executable} -m pymodutils modinfo "$@"\n'
    )
    modinfo.chmod(0o755)
    home = str(tmp_path_factory.mktemp("home"))
    return Shells(
        {
            "PATH": f"{bin_}:{os.environ['PATH']}",
            "PYMODUTILS_SYSROOT": str(module_tree.root),
            "HOME": home,
            "XDG_CONFIG_HOME": home,
            "XDG_DATA_HOME": home,
            "LC_ALL": "C.UTF-8",
        }
    )


@pytest.fixture(params=["bash", "fish"])
def ask(request: pytest.FixtureRequest, shells: Shells) -> Ask:
    return shells.bash if request.param == "bash" else shells.fish


def test_modprobe_names_modules(ask: Ask) -> None:
    assert ask("modprobe nls_cp12") == {"nls_cp1250", "nls_cp1251", "nls_cp1255"}


def test_modprobe_keeps_dashes(ask: Ask) -> None:
    assert ask("modprobe dm-cr") == {"dm-crypt"}
    assert ask("modprobe dm_cr") == {"dm_crypt"}


def test_modprobe_names_parameters(ask: Ask) -> None:
    assert ask("modprobe dummy num") == {"numdummies="}


def test_modprobe_of_another_directory_and_release(ask: Ask, module_tree: Tree) -> None:
    assert ask(f"modprobe -d {module_tree.root} -S {module_tree.version} dummy num") == {"numdummies="}
    assert ask("modprobe -S 1.2.3 dum") == set()
    assert module_tree.version in ask("modprobe -S ")


def test_modprobe_removes_what_is_loaded(ask: Ask) -> None:
    assert ask("modprobe -r ") == {"fat", "vfat"}
    assert ask("modprobe --remove vfat f") == {"fat"}


def test_modprobe_all_takes_modules_only(ask: Ask) -> None:
    assert ask("modprobe -a vfat nls_cp1250 dumm") == {"dummy", "dummy_irq"}


def test_rmmod_names_what_is_loaded(ask: Ask) -> None:
    assert ask("rmmod v") == {"vfat"}


def test_insmod_takes_module_files_and_their_parameters(ask: Ask, module_tree: Tree) -> None:
    folder = module_tree.modules / "kernel/drivers/net"
    (folder / "dummy.txt").touch()
    assert ask(f"insmod {folder}/dum") == {f"{folder}/dummy.ko"}
    assert ask(f"insmod {folder}/dummy.ko num") == {"numdummies="}


def test_modinfo_takes_names_and_files(ask: Ask, module_tree: Tree) -> None:
    assert "dummy" in ask("modinfo dumm")
    folder = module_tree.modules / "kernel/drivers/net"
    assert ask(f"modinfo {folder}/dum") == {f"{folder}/dummy.ko"}


def test_depmod_names_releases(ask: Ask, module_tree: Tree) -> None:
    assert ask(f"depmod {module_tree.version[:3]}") >= {module_tree.version}


def test_pymodutils_names_commands_and_completes_theirs(ask: Ask) -> None:
    assert ask("pymodutils mod") == {"modprobe", "modinfo"}
    assert ask("pymodutils modprobe dummy num") == {"numdummies="}
    assert ask("pymodutils rmmod v") == {"vfat"}
    assert "--show-depends" in ask("pymodutils modprobe --show-d")


def test_options_and_their_values(ask: Ask) -> None:
    assert "--remove" in ask("modprobe --rem")
    assert ask("lsmod --format ") == {"text", "json", "table"}


def test_bash_completes_a_value_behind_equals(shells: Shells) -> None:
    assert shells.bash("lsmod --format=j") == {"json"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("modprobe dummy num", "numdummies="),
        ("modprobe -r v", "vfat "),
        ("modprobe nls_cp125", "nls_cp1251"),
        ("pymodutils modprobe dummy num", "numdummies="),
        ("pymodutils rm", "rmmod "),
        ("rmmod v", "vfat "),
        ("lsmod --format=j", "json "),
    ],
)
def test_typed_in_a_terminal(shells: Shells, shell: str, line: str, expected: str) -> None:
    ambiguous = line.endswith("125")
    if shell == "fish" and ambiguous:
        expected = "nls_cp1250"  # a second TAB takes the first
    screen = shells.typed(shell, line + ("\t" if ambiguous else ""), expected)
    assert "command not found" not in screen


def test_names_need_no_other_program(shells: Shells) -> None:
    bare = Shells({**shells.environment, "PATH": "/usr/bin:/bin"})
    assert bare.bash("modprobe nls_cp1250") == bare.fish("modprobe nls_cp1250") == {"nls_cp1250"}


def test_commands_of_kernel_and_modules_of_graph(ask: Ask) -> None:
    assert ask("pymodutils kernel d") == {"describe", "dmesg", "dump"}
    assert "--init-returns" in ask("pymodutils kernel boot --init-r")
    assert ask("pymodutils graph nls_cp12") == {"nls_cp1250", "nls_cp1251", "nls_cp1255"}
    assert ask("pymodutils completion z") == {"zsh"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pymodutils graph nls_utf", "nls_utf8 "),
        ("pymodutils kernel desc", "describe "),
        ("pymodutils kernel map --form", "--format"),
        ("modprobe dummy num", "numdummies="),
    ],
)
def test_zsh_completes_more_than_once(shells: Shells, line: str, expected: str) -> None:
    with shells.terminal("zsh") as terminal:
        for _ in range(3):
            terminal.write(line + "\t")
            assert "not found" not in terminal.read_until(expected)
            terminal.write("\x15")  # Ctrl-U: an empty line
        terminal.write("pymodutils rm\t")
        terminal.read_until("rmmod ")


def test_the_scripts_can_be_sourced(shells: Shells) -> None:
    for shell, line in {
        "zsh": "autoload -Uz compinit; compinit -u -D; source {}/zsh/_pymodutils",
        "bash": "source {}/bash/pymodutils",
    }.items():
        with shells.terminal(shell, line.format(REPOSITORY / "completions")) as terminal:
            terminal.write("modprobe dummy num\t")
            terminal.read_until("numdummies=")


HOSTILE = "zz;touch PWN;"  # what may be in a module: the name of a parameter


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    "name",
    [HOSTILE, "zz$(touch PWN)", "zz`touch PWN`", "zz&touch PWN&", "zz'|touch PWN|'", 'zz"\\|touch PWN'],
)
def test_names_from_modules_are_never_run(shells: Shells, shell: str, name: str, tmp_path: Path) -> None:
    """TAB and Enter with a module with such a parameter, and a loaded module of that name."""
    (tmp_path / "evil.ko").write_bytes(module("evil", info=[f"parm={name}:any"]))
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/modules").write_text(f"{name.replace(' ', chr(9))} 1 0 - Live 0x0\n")
    hostile = Shells({**shells.environment, "PYMODUTILS_SYSROOT": str(tmp_path)})
    for line in ("insmod ./evil.ko zz", "insmod ./evil.ko ", "rmmod zz"):
        with hostile.terminal(shell, f"cd {tmp_path}") as terminal:
            terminal.write(f"{line}\t")
            time.sleep(0.5)  # what the shell offers may be nothing
            terminal.write("\n")
            terminal.write("echo now=$((50+3))\n" if shell != "fish" else "echo now=(math 50+3)\n")
            terminal.read_until("now=53")
    assert not (tmp_path / "PWN").exists()


def test_names_are_offered_quoted(shells: Shells, tmp_path: Path) -> None:
    (tmp_path / "evil.ko").write_bytes(module("evil", info=[f"parm={HOSTILE}:any"]))
    assert shells.bash(f"insmod {tmp_path}/evil.ko zz") == {"zz\\;touch\\ PWN\\;="}
    assert shells.fish(f"insmod {tmp_path}/evil.ko zz") == {f"{HOSTILE}="}  # fish quotes what it inserts
