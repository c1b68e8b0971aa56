"""Signals, the environment of modprobe's commands, and imports of programs run by root."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pymodutils.cli import TOOLS
from pymodutils.kernel import saved
from tests.environment import without_coverage
from tests.kernel.emulated.modules import description, module
from tests.oracles.modprobe import kmod

REPOSITORY = Path(__file__).parents[1]
INTERRUPTS = int(os.environ.get("KILLS", "10"))
AT_IMPORT = """
import os, sys
class Sender:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Sender())
sys.argv[0] = "pymodutils"
from pymodutils.__main__ import main
main()
"""


def _heed() -> None:
    """Let no signal stay ignored that whoever runs the tests ignores, as nohup does."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def interrupted(
    name: str, number: int, *words: str, cwd: Path = REPOSITORY, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """``pymodutils`` with ``words``, which gets the signal when it imports the module ``name``."""
    code = AT_IMPORT.format(name=name, number=int(number))
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**without_coverage(), "PYTHONPATH": str(REPOSITORY), **environment},
        preexec_fn=_heed,
        cwd=cwd,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("name", ["pymodutils.streams", "pymodutils.commands.lsmod", "click"])
def test_a_signal_ends_it_without_a_word(name: str, number: signal.Signals) -> None:
    done = interrupted(name, number, "lsmod")
    assert (done.returncode, done.stderr) == (-number, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_check_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "k.json").write_text(saved.dumps(description()))
    (tmp_path / "m.ko").write_bytes(module())
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    words = ["check", "-k", "k.json", "m.ko", "--no-cache"]
    done = interrupted("pymodutils.elf.gather", number, *words, cwd=tmp_path, TMPDIR=str(scratch))
    assert (done.returncode, done.stderr) == (-number, b"")
    assert not os.listdir(scratch)


SCRIPT = "import sys\nfrom pymodutils.__main__ import main\nsys.argv = {words!r}\nsys.exit(main())"


@pytest.mark.slow
@pytest.mark.parametrize("tool", [*TOOLS, "pymodutils", "-m"])
def test_sigint_at_any_moment(tool: str) -> None:
    """It ends by the signal; a traceback can only come from before our first line."""
    script = ["-c", SCRIPT.format(words=[tool, "--help"])]
    command = [sys.executable, *(["-m", "pymodutils", "--help"] if tool == "-m" else script)]
    chance, life = random.Random(INTERRUPTS), 0.0  # noqa: S311 -- moments, not secrets
    for _ in range(INTERRUPTS):
        start = time.monotonic()
        with subprocess.Popen(
            command,
            env={**without_coverage(), "PYTHONPATH": str(REPOSITORY)},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 -- no threads here
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as process:
            if life:
                time.sleep(chance.uniform(0, life))
                process.send_signal(signal.SIGINT)
            said = process.communicate()[1]
        life = life or time.monotonic() - start
        assert f'File "{REPOSITORY}/pymodutils/'.encode() not in said
        assert b"KeyboardInterrupt" in said or process.returncode in (0, -signal.SIGINT)


@pytest.mark.skipif(os.geteuid() != 0, reason="other users may import what they like")
def test_roots_programs_import_only_what_is_installed(tmp_path: Path) -> None:
    for name in ("click", "json", "fcntl", "shutil"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')")
    for path in (str(REPOSITORY), f"{tmp_path}:{REPOSITORY}"):
        done = subprocess.run(
            [sys.executable, "-m", "pymodutils", "modinfo", "--format", "json", "/nosuch.ko"],
            cwd=tmp_path,
            env={**without_coverage(), "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "imported" not in done.stderr
        assert done.stderr.startswith("modinfo: ERROR: ")


@pytest.mark.lane
def test_commands_get_the_environment_that_kmod_gives_them(tmp_path: Path) -> None:
    shown = tmp_path / "shown"
    variables = "env | grep -v -e ^_= -e ^PWD= -e ^SHLVL= | sort"
    command = f"({variables}; grep Sig /proc/self/status) > {shown}"
    (tmp_path / "conf").write_text(f"install made {command}\n")
    (tmp_path / "lib/modules/1.0").mkdir(parents=True)
    words = ["-C", str(tmp_path / "conf"), "-d", str(tmp_path), "-S", "1.0", "made"]
    assert kmod(34, *words).status == 0
    theirs = shown.read_text()
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "pymodutils", "modprobe", *words], cwd=REPOSITORY, env=environment, check=False
    )
    assert done.returncode == 0
    assert _relevant(shown.read_text()) == _relevant(theirs)


def _relevant(text: str) -> list[str]:
    """Without the signals 32 and 33, which system(3) of some C libraries ignores in its children."""
    lines = text.splitlines()
    kept = [line for line in lines if not line.startswith(("LANG=", "SigQ:", "SigIgn:", "SigCgt:"))]
    ignored = next(int(line.split()[1], 16) for line in lines if line.startswith("SigIgn:"))
    return [*kept, f"SigIgn: {ignored & 0x7FFFFFFF:x}"]
