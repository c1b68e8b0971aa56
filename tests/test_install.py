"""The package as users get it: source archive, wheel, installed alone."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from pymodutils.cli import TOOLS

REPOSITORY = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


class Installed(NamedTuple):
    """A virtual environment with the wheel in it; its dependencies come from the test's own."""

    prefix: Path

    def run(self, program: str | Path, *words: str) -> subprocess.CompletedProcess[str]:
        """``program`` run with the environment's bin/ first in PATH."""
        environment = {**os.environ, "PATH": f"{self.prefix / 'bin'}:{os.environ['PATH']}"}
        environment.pop("MANPATH", None)
        command = [str(program), *words]
        return subprocess.run(
            command, env=environment, cwd="/", capture_output=True, text=True, check=False, timeout=60
        )


def _build(kind: str, source: Path, target: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)
    return max(target.iterdir(), key=lambda path: path.stat().st_mtime_ns)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("install")
    archive = _build("sdist", REPOSITORY, folder / "sdist")
    subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)
    source = next(folder.glob("pymodutils-*"))
    wheel = _build("wheel", source, folder / "wheel")
    prefix = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", prefix], check=True, timeout=120)
    pip = [sys.executable, "-m", "pip", "--python", str(prefix / "bin/python"), "install", "--quiet"]
    subprocess.run([*pip, "--no-index", "--no-deps", str(wheel)], check=True, timeout=120)
    packages = next(prefix.glob("lib/python3*/site-packages"))
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return Installed(prefix)


def test_is_the_installed_package_that_runs(installed: Installed) -> None:
    done = installed.run("python", "-c", "import pymodutils; print(pymodutils.__file__)")
    assert done.stdout.startswith(str(installed.prefix))


@pytest.mark.parametrize("tool", TOOLS)
def test_console_script(installed: Installed, tool: str) -> None:
    done = installed.run(installed.prefix / "bin" / tool, "-V")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("kmod version 34\n")
    assert done.stdout.count("\n") == 2


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("target", ["pymodutils", "lsmod"])
def test_a_symlink_is_the_tool_it_is_named_after(
    installed: Installed, tool: str, target: str, tmp_path: Path
) -> None:
    link = tmp_path / tool
    link.symlink_to(installed.prefix / "bin" / target)
    done = installed.run(link, "--nosuch-option")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{link}: unrecognized option '--nosuch-option'\n")


@pytest.mark.parametrize("tool", TOOLS)
def test_word_after_pymodutils(installed: Installed, tool: str) -> None:
    assert f"Usage: {tool} " in installed.run("pymodutils", tool, "--help").stdout
    assert f"Usage: {tool} " in installed.run("python", "-m", "pymodutils", tool, "-h").stdout


def test_pymodutils_by_itself(installed: Installed) -> None:
    missing, unknown, asked = (installed.run("pymodutils", *words) for words in ([], ["no"], ["-h"]))
    assert missing.returncode == unknown.returncode == 1
    assert missing.stderr.startswith("pymodutils: ERROR: missing command\n")
    assert unknown.stderr.startswith("pymodutils: ERROR: unknown command 'no'\n")
    assert asked.returncode == 0
    assert all(f"  {tool} " in asked.stdout for tool in TOOLS)


def test_man_finds_the_pages(installed: Installed) -> None:
    done = installed.run("man", "-w", "pymodutils-modprobe", "pymodutils-modprobe.d", "pymodutils")
    share = installed.prefix / "share/man"
    names = ["man8/pymodutils-modprobe.8", "man5/pymodutils-modprobe.d.5", "man8/pymodutils.8"]
    assert done.stdout.split() == [str(share / name) for name in names]


def test_every_page_and_completion_is_there(installed: Installed) -> None:
    share = installed.prefix / "share"
    pages = {page.name for page in (REPOSITORY / "man").iterdir()}
    assert {page.name for page in share.glob("man/man*/*")} == pages
    assert {path.name for path in share.glob("bash-completion/completions/*")} == {"pymodutils", *TOOLS}
    assert (share / "zsh/site-functions/_pymodutils").is_file()
    assert {path.stem for path in share.glob("fish/vendor_completions.d/*")} == {"pymodutils", *TOOLS}
    assert next(installed.prefix.glob("lib/python3*/site-packages/pymodutils/py.typed")).is_file()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_scripts_are_printed(installed: Installed, shell: str) -> None:
    [committed] = (REPOSITORY / "completions" / shell).glob("*pymodutils*")
    assert installed.run("pymodutils", "completion", shell).stdout == committed.read_text()
