"""modprobe of modutils: which modules are loaded, and in which order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pymodutils.linux24.insmod import calls
from pymodutils.linux24.kernel.kernel import Linux24
from pymodutils.linux24.modprobe import safe
from tests.linux24.objects import module, written
from tests.linux24.vectors import file
from tests.oracles.modprobe import Said, here


class World:
    """A kernel in a file, modules, and a modules.conf for them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ksyms = folder / "ksyms"
        ksyms.write_bytes(file("i386.ksyms"))
        self.state = str(folder / "k24")
        here("boot", self.state, "--generation", "2.4", "--from", str(ksyms), tool="kernel")
        written(folder, "base", module(exports=["call"]))
        written(folder, "user", module(imports=["call"]))
        written(folder, "alone", module(data={"speed": bytes(4)}, info={**PARAMETER}))
        lines = [f"{folder}/base.o:", f"{folder}/user.o:\t{folder}/base.o", f"{folder}/alone.o:"]
        (folder / "modules.dep").write_text("\n\n".join(lines) + "\n\n")

    def configured(self, text: str) -> str:
        """The path of a modules.conf with ``text``."""
        path = self.folder / "modules.conf"
        path.write_text(f"depfile={self.folder}/modules.dep\npath[misc]={self.folder}\n{text}\n")
        os.utime(path, (0, 0))  # older than modules.dep
        return str(path)

    def modprobe(self, conf: str, *words: str) -> Said:
        """What modprobe answers with this modules.conf."""
        return here(
            "--backend", f"emulated:{self.state}", "-C", self.configured(conf), *words, tool="modprobe"
        )

    @property
    def loaded(self) -> list[str]:
        """The modules in the kernel, newest first."""
        return calls.module_names(Linux24.open(self.state))


FIRST = "/sbin/modprobe --first-time"
ALL = "/sbin/modprobe a; /sbin/modprobe b; /sbin/modprobe c"
NONE = "/sbin/modprobe -r a; /sbin/modprobe -r b; /sbin/modprobe -r c"
PARAMETER = {"kernel_version": "2.4.32", "license": "GPL", "parm_speed": "i"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """All of it."""
    return World(tmp_path)


def test_dependencies_come_first(world: World) -> None:
    done = world.modprobe("", "-v", "user")
    lines = [line for line in done.out.splitlines() if line.startswith("/sbin")]
    assert lines == [f"/sbin/insmod {world.folder}/{name}.o" for name in ("base", "user")]
    assert world.loaded == ["user", "base"]
    assert world.modprobe("", "-r", "user").status == 0
    assert world.loaded == []


def test_aliases_and_options(world: World) -> None:
    conf = "alias eth0 alone\noptions alone speed=1\noptions eth0 speed=2 -o first"
    done = world.modprobe(conf, "-n", "-v", "eth0", "speed=3")
    assert done.out == f"/sbin/insmod {world.folder}/alone.o speed=3 -o first\n"
    assert world.modprobe(conf, "-k", "eth0").status == 0
    assert world.loaded == ["first"]


def test_off_is_no_error_and_unknown_is(world: World) -> None:
    assert world.modprobe("alias char-major-99 off", "char-major-99").status == 0
    done = world.modprobe("", "nothing")
    assert (done.err, done.status) == ("modprobe: Can't locate module nothing\n", 255)
    done = world.modprobe("below alone nothing", "alone")
    assert done.err == "modprobe: Can't locate module nothing which is needed for alone\n"
    assert world.modprobe("", "-q", "nothing").err == ""


def test_above_and_below(world: World) -> None:
    conf = "above base alone\nbelow alone user"
    done = world.modprobe(conf, "-n", "-v", "base")
    order = [line.rpartition("/")[2] for line in done.out.splitlines()]
    assert order == ["user.o", "alone.o"] or order[-1] == "alone.o"


def test_probe_takes_the_first_and_probeall_all(world: World) -> None:
    assert world.modprobe("probe net nothing base alone", "net").status == 0
    assert world.loaded == ["base"]
    assert world.modprobe("probeall net nothing base alone", "net").status == 0
    assert world.loaded == ["alone", "base"]


def test_commands_run_and_a_failure_undoes(world: World) -> None:
    note = world.folder / "note"
    conf = f"pre-install user echo before >>{note}\npost-install user echo after >>{note}"
    assert world.modprobe(conf, "user").status == 0
    assert note.read_text() == "before\nafter\n"
    world.modprobe("", "-r", "user")
    done = world.modprobe("pre-install user false", "user")
    assert done.err == "modprobe: pre-install user failed\nmodprobe: insmod user failed\n"
    assert world.loaded == []


def test_lines_that_nobody_understands(world: World) -> None:
    done = world.modprobe("nonsense here", "base")
    path = world.folder / "modules.conf"
    assert (done.err, done.status) == (f"modprobe: Invalid line 3 in {path}\n\tnonsense here\n", 255)


def test_modules_of_a_type_and_a_list(world: World) -> None:
    done = world.modprobe("", "-l", "*s*.o")
    assert done.out.split() == [f"{world.folder}/{name}.o" for name in ("base", "user")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alias dummy0 dummy\nalias dummy0-alias dummy0", ["alias dummy0 dummy", "alias dummy0-alias dummy"]),
        (
            "alias char-major-17 a\nalias block-major-12 b",
            ["alias char-major-17-* a", "alias block-major-12-* b"],
        ),
        (
            "alias net-pf-1 off\nadd alias net-pf-4 null",
            ["install net-pf-1 /bin/true", "install net-pf-4 /bin/true"],
        ),
        (
            "options dummy0 dummy0-options -o dummy0",
            [
                "install dummy0 /sbin/modprobe -o dummy0 --ignore-install dummy0",
                "options dummy0 dummy0-options",
            ],
        ),
        (
            "above mod a b c",
            [
                f"install mod {FIRST} --ignore-install mod && {{ {ALL}; /bin/true; }}",
                f"remove mod {{ {NONE}; }} ; /sbin/modprobe -r --first-time --ignore-remove mod",
            ],
        ),
    ],
)
def test_in_the_words_of_modprobe_conf(text: str, expected: list[str], tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.modprobe(text, "--modprobe-conf").out.splitlines() == expected


def test_the_configuration_is_shown(world: World) -> None:
    shown = world.modprobe("pre-install base echo x", "-c").out.splitlines()
    assert shown[0] == "# Generated by modprobe -c (2.4.16)"
    assert f"path[misc]={world.folder}" in shown
    assert "alias block-major-2 floppy" in shown
    assert "options sb io=0x220 irq=7 dma=1 dma16=5 mpu_io=0x330" in shown
    assert shown[shown.index("# Commands") + 1] == "pre-install base echo x"
    assert shown[-1] == "persistdir=/var/lib/modules/persist"


def test_insmod_finds_a_module_by_its_name(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODULECONFIG", world.configured(""))
    backend = f"emulated:{world.state}"
    done = here("--backend", backend, "alone", "speed=3", tool="insmod")
    assert (done.out, done.err, done.status) == (f"Using {world.folder}/alone.o\n", "", 0)
    done = here("--backend", backend, "nothing", tool="insmod")
    assert (done.err, done.status) == ("insmod: nothing: no module by that name found\n", 1)


def test_a_list_within_a_list_fails_with_its_own_words(world: World) -> None:
    done = world.modprobe("probe net other\nprobe other nothing", "net")
    assert done.err == (
        "modprobe: Can't locate module nothing\nmodprobe: insmod other failed\nmodprobe: insmod net failed\n"
    )


def test_what_is_busy_stays(world: World) -> None:
    world.modprobe("", "user")
    done = world.modprobe("", "-r", "base")
    assert (done.err, done.status) == ("base: Device or resource busy\n", 1)
    assert world.modprobe("", "-q", "-r", "base").err == ""
    done = world.modprobe("pre-remove user false", "-r", "user")
    assert done.err.startswith("modprobe: pre-remove user failed\n")
    assert world.loaded == ["user", "base"]
    note = world.folder / "note"
    assert world.modprobe(f"remove user echo gone >{note}", "-r", "user").status == 0
    assert (note.read_text(), world.loaded) == ("gone\n", ["user", "base"])


def test_debugging_shows_the_stack(world: World) -> None:
    rule = "=" * 45
    done = world.modprobe("alias eth0 user\noptions user x=1 -o first", "-d", "-n", "eth0")
    last = done.out.splitlines()[8:17]
    assert last == [
        *(rule, "Module eth0", "kname first", "objkey user", "names: eth0 user", "options: x=1 -o first"),
        *("mode: NORMAL", f"Module matching user: {world.folder}/user.o", rule),
    ]


SAFE = {
    ("base", "user"): "Safe mode has more than one parameter",
    ("-x",): "Safe mode parameter starts with '-'",
    ("base=1",): "Safe mode parameter contains '='",
}


@pytest.mark.parametrize("words", SAFE)
def test_safe_mode_takes_one_name(
    words: tuple[str, ...], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in safe.KMOD.items():
        monkeypatch.setenv(name, value)
    done = world.modprobe("", *words)
    assert (done.err, done.status) == (f"modprobe: {SAFE[words]}\n", 1)
    assert world.modprobe("", "ba*e").err == "modprobe: Can't locate module ba*e\n"
    assert world.modprobe("", "base").status == 0


def test_modules_of_others_do_not_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODULECONFIG", world.configured(""))
    os.chown(world.folder / "alone.o", 12, 12)
    backend = ("--backend", f"emulated:{world.state}")
    done = here(*backend, "alone", tool="insmod")
    assert done.err.splitlines()[0] == f"insmod: {world.folder}/alone.o is not owned by root"
    assert here(*backend, "-r", "alone", tool="insmod").status == 0


def test_a_line_ends_at_a_nul(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert "alias one user" in world.modprobe("if -f /no\0such\nendif\nalias one user\0 more\n", "-c").out


@pytest.mark.parametrize("words", [("x",), ("-r", "x"), ("-n", "-v", "x")])
def test_probe_lists_that_lead_back(world: World, words: tuple[str, ...]) -> None:
    for conf, way in (
        ("probeall x x", "probeall x leads back to itself: x -> x"),
        ("probe x y\nprobeall y x alone", "probe x leads back to itself: x -> y -> x"),
    ):
        done = world.modprobe(conf, *words)
        text = f"modprobe: {world.folder}/modules.conf: {way}\n"
        assert (done.err, done.status) == (text, 255)
    assert world.loaded == []
