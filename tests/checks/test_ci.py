"""The workflows of docs/ci, run step by step, and the pre-commit hook."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.kernel.emulated.modules import module
from tests.oracles import registry
from tests.oracles.container import Container

if TYPE_CHECKING:
    from tests.checks.made import Desk

pytestmark = [pytest.mark.lane, pytest.mark.slow]
REPOSITORY = Path(__file__).parents[2]
URL = "https://github.com/pymodutils/pymodutils"
MAKEFILE = "obj-m := hello.o\nall:\n\t$(MAKE) -C $(KDIR) M=$(CURDIR) modules\n"
PRE_COMMIT = "pre-commit==4.3.0"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working tree as a repository with one commit, to be cloned."""
    folder = tmp_path_factory.mktemp("repository")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(os.path.isfile, (str(REPOSITORY / line) for line in listed.stdout.splitlines())):
        target = folder / Path(name).relative_to(REPOSITORY)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name, target)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "all")
    return folder


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@y", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def loaded(page: str) -> dict[str, Any]:
    """A YAML document, parsed by the library that pre-commit depends on."""
    script = "import json, sys, yaml; print(json.dumps(yaml.load(sys.stdin, yaml.BaseLoader)))"
    python = registry.environment(PRE_COMMIT) / "bin/python"
    text = (REPOSITORY / page).read_text()
    done = subprocess.run([python, "-c", script], input=text, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Container:
    return Container(tmp_path_factory.mktemp("system"))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A checkout of a repository with the source of a module."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    shutil.copy(REPOSITORY / "demo/try/hello.c", folder)
    (folder / "Makefile").write_text(MAKEFILE)
    return folder


def environment(tmp_path: Path, repository: Path) -> dict[str, str]:
    """Let git resolve the project's URL to ``repository``."""
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "file://{repository}"]\ninsteadOf = {URL}\n[safe]\ndirectory = *\n')
    return {"GIT_CONFIG_GLOBAL": str(config), "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}


def test_github(system: Container, workspace: Path, repository: Path, tmp_path: Path) -> None:
    [job] = loaded("docs/ci/github.yml")["jobs"].values()
    values = {"matrix.flavour": job["strategy"]["matrix"]["flavour"][1]}
    known = {**environment(tmp_path, repository), **job["env"], "XDG_CACHE_HOME": str(tmp_path / "cache")}
    shown = ""
    for number, step in enumerate(job["steps"]):
        files = {name: tmp_path / f"{name}.{number}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in files.values():
            path.touch()
        if "run" in step:
            script = re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda found: values[found[1]], step["run"])
            shown = system.run(
                script, workspace, {**known, **{name: str(path) for name, path in files.items()}}
            )
        for line in files["GITHUB_OUTPUT"].read_text().splitlines():
            name, _, value = line.partition("=")
            values[f"steps.{step['id']}.outputs.{name}"] = value
        if step.get("name") == "Check":
            assert files["GITHUB_STEP_SUMMARY"].read_text().startswith("**1 of 1 load.**")
    release = values["steps.kernel.outputs.release"]
    assert re.fullmatch(r"\d+\.\d+\..*-cloud-amd64", release)
    assert values["steps.kernel.outputs.version"]
    assert shown.splitlines()[-1] == "1 of 1 load, init() is assumed to return 0: check --run runs it"
    [run] = json.loads((workspace / "check.sarif").read_text())["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "hello.ko"}
    assert any((tmp_path / "cache/pymodutils").rglob("*"))


def test_gitlab(system: Container, workspace: Path, repository: Path, tmp_path: Path) -> None:
    [job] = loaded("docs/ci/gitlab.yml").values()
    flavour = job["parallel"]["matrix"][0]["FLAVOUR"][0]
    known = {**environment(tmp_path, repository), "FLAVOUR": flavour, "CI_PROJECT_DIR": str(workspace)}
    known["XDG_CACHE_HOME"] = job["variables"]["XDG_CACHE_HOME"].replace("$CI_PROJECT_DIR", str(workspace))
    script = "\n".join([*job["before_script"], *job["script"]])
    shown = system.run(script, workspace, known)
    assert "1 of 1 load (1 module on 1 kernel), 0 warnings\n" in shown
    junit = ET.fromstring((workspace / f"check-{flavour}.xml").read_text())  # noqa: S314
    assert [case.attrib["name"] for case in junit.iter("testcase")] == ["hello"]
    assert (workspace / f"check-{flavour}.html").read_text().startswith("<!DOCTYPE html>")
    assert any((workspace / ".cache/pymodutils").rglob("*"))


def test_pre_commit(desk: Desk, repository: Path, tmp_path: Path) -> None:
    """One changed module, checked with the committed ones that it depends on."""
    work = desk.folder / "work"
    git(desk.folder, "init", "-q", str(work))
    (work / "modules").mkdir()
    (work / "kernels").mkdir()
    Path(desk.kernel()).rename(work / "kernels/6.1.json")
    (work / "modules/exporter.ko").write_bytes(module("exporter", exports=["given"]))
    user = work / "modules/user.ko"
    user.write_bytes(module("user", imports=["given"], versions={"given": 0x100}))
    page = (REPOSITORY / "docs/check.md").read_text()
    [example] = re.findall(r"```yaml\n(repos:.*?)```", page, re.DOTALL)
    config = example.replace(URL, str(repository)).replace(
        "rev: main", f"rev: {git(repository, 'rev-parse', 'HEAD')}"
    )
    (work / ".pre-commit-config.yaml").write_text(config)
    git(work, "add", "-A")
    git(work, "commit", "-qm", "all")
    for crc, status in ((0x100, 0), (0x999, 1)):
        user.write_bytes(module("user", imports=["given"], versions={"given": crc}, info=["changed=yes"]))
        git(work, "add", "modules/user.ko")
        done = subprocess.run(
            [registry.environment(PRE_COMMIT) / "bin/pre-commit", "run", "pymodutils-check", "-v"],
            cwd=work,
            env={**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "home"), "GIT_CONFIG_GLOBAL": "/dev/null"},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert (": crc" if status else "1 of 1 load") in done.stdout
        assert "exporter  " not in done.stdout
