"""Any command line ends with status 0 or 1 and a message, without a traceback or a hang."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pymodutils.cli import SUBCOMMANDS, TOOLS
from tests.server import Server

pytestmark = pytest.mark.slow
ENTRIES = {**TOOLS, **SUBCOMMANDS}
STATUSES = {"check": (0, 1, 2), "preflight": (0, 1, 2)}  # any other tool has kmod's
RELEASE = "6.1.0-test"
INDEXES = ("dep", "alias", "symbols", "builtin", "builtin.alias", "softdep")
VALUES = st.sampled_from(
    [
        *("", "-", ".", "1", "-1", "0x10", "99999999999999999999", "abc", "a=b", "=", "--", "text", "json"),
        *("6.1.0-test", "6.1", "../..", "lib", "machine", "machine/lib/modules", "nosuch/dir", "one.ko"),
        *("half.ko", "noise", "noise.conf", "good.conf", "folder", "good.conf/x", "one", "two", "pci:*"),
        *("alias-of-one", "\x7f", "\u00e9", "\udc80\udcff", "x" * 5000, "a\nb", "%s%n", "[", "a[b", "]"),
        *("symbol:x", "30", "34", "/dev/null"),
    ]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine with damaged modules and indexes, and files of every wrong kind."""
    here = tmp_path_factory.mktemp("lines") / "of" / "commands"  # so that ../.. has no file of other tests
    here.mkdir(parents=True)
    modules = here / "machine/lib/modules" / RELEASE
    (modules / "kernel").mkdir(parents=True)
    noise = bytes(range(256)) * 40
    for name, data in (("one", b"\x7fELF" + noise), ("two", noise)):
        (modules / f"kernel/{name}.ko").write_bytes(data)
    for name in INDEXES:
        (modules / f"modules.{name}.bin").write_bytes(b"\xb0\x07\xf4\x57\0\x02\0\x01\x20\0\0\x0c" + noise)
    (modules / "modules.dep").write_text("kernel/one.ko: kernel/two.ko\nkernel/two.ko:\n")
    (modules / "modules.softdep").write_text("softdep one pre: two\n")
    (modules / "modules.devname").write_text("one one c1:2\nbroken\n")
    (here / "machine/proc/sys/kernel").mkdir(parents=True)
    (here / "machine/proc/sys/kernel/osrelease").write_text(RELEASE + "\n")
    (here / "machine/proc/modules").write_text("one 4096 0 - Live 0x0\nbroken line\n")
    (here / "machine/etc/modprobe.d").mkdir(parents=True)
    (here / "machine/etc/modprobe.d/a.conf").write_text("alias alias-of-one one\noptions\n")
    (here / "one.ko").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(57) + noise)
    (here / "half.ko").write_bytes(b"\x7fELF")
    (here / "noise").write_bytes(noise)
    (here / "noise.conf").write_bytes(noise)
    (here / "good.conf").write_text("blacklist one\nsoftdep two post: one\n")
    (here / "folder").mkdir()
    return here


@pytest.fixture(scope="module")
def environment(folder: Path) -> dict[str, str]:
    return {"PYMODUTILS_SYSROOT": str(folder / "machine"), "HOME": str(folder), "XDG_CACHE_HOME": str(folder)}


@pytest.fixture(scope="module")
def server(folder: Path, environment: dict[str, str]) -> Iterator[Server]:
    with Server(folder, environment) as running:
        yield running


def option_words(tool: str) -> st.SearchStrategy[list[str]]:
    """An option of ``tool``, whole, cut, unknown or bundled, with and without a value."""
    command: click.Command = import_module(f"pymodutils.commands.{ENTRIES[tool].module}").command
    names = [name for param in command.params if isinstance(param, click.Option) for name in param.opts]
    known = st.sampled_from(sorted(set(names) - {"--sysroot", "--wait"}))
    spelled = st.one_of(
        known,
        st.builds(lambda name, length: name[: 2 + length], known, st.integers(0, 12)),
        st.sampled_from(["-Z", "--nosuch", "---", "-vvv", "-\udcff", "--=", "--form=json"]),
    )
    return st.one_of(
        spelled.map(lambda name: [name]),
        st.tuples(spelled, VALUES).map(list),
        st.builds(lambda name, value: [f"{name}={value}"], spelled, VALUES),
        st.builds(lambda name, value: [f"{name}{value}"], spelled, VALUES),
    )


def lines(tool: str) -> st.SearchStrategy[list[str]]:
    """Command lines of ``tool``."""
    parts = st.one_of(option_words(tool), VALUES.map(lambda value: [value]))
    return st.lists(parts, max_size=6).map(lambda found: [word for part in found for word in part])


@pytest.mark.parametrize("tool", ENTRIES)
def test_five_hundred_lines_end_with_status_0_or_1(tool: str, server: Server) -> None:
    @settings(max_examples=500, database=None, suppress_health_check=list(HealthCheck))
    @given(lines(tool))
    def ends(words: list[str]) -> None:
        answer = server.run(tool, *words)
        assert answer.status in STATUSES.get(tool, (0, 1)), answer.stderr
        assert "Traceback" not in answer.stderr
        assert not answer.status or answer.stderr or _may_be_silent(tool, words)

    ends()


def _may_be_silent(tool: str, words: list[str]) -> bool:
    """Whether a failure may have been logged to syslog or suppressed."""
    quiet = ("-q", "--q", "-s", "--s")
    bundled = any(word[:1] == "-" and word[1:2] != "-" and {*"qs"} & {*word} for word in words)
    return bundled or any(word.startswith(quiet) for word in words) or tool in ("depmod", "modprobe")


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("words", [["one"], ["\udcff"], ["-\udcff"], ["--nosuch"], [], ["x" * 5000]])
def test_so_do_processes(tool: str, words: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pymodutils", tool, *words],
        cwd=folder,
        env={**os.environ, **environment, "PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert done.returncode in (0, 1)
    assert b"Traceback" not in done.stderr
