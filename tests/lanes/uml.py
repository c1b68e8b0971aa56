"""Python inside Debian's User Mode Linux: a kernel as a process, in about two seconds.

Needs neither root nor KVM; the host's files are visible read-only.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.oracles.debian import Unavailable, unpacked

REPOSITORY = Path(__file__).resolve().parents[2]
INIT = Path(__file__).with_name("guest") / "init.py"
MEMORY = "512M"


def run(call: str, *arguments: object, environ: Mapping[str, str] | None = None, seconds: float = 300) -> Any:
    """The result of ``call`` (``module:function``) for ``arguments``, called in the guest.

    Arguments and result are passed as JSON. Raises Unavailable if the kernel cannot run here, RuntimeError
    with the guest's traceback if the function fails.
    """
    kernel = unpacked("user-mode-linux") / "usr/bin/linux.uml"
    setarch = shutil.which("setarch")
    if setarch is None:
        raise Unavailable("no setarch (package util-linux)")
    with tempfile.TemporaryDirectory() as folder:
        job = {"call": call, "arguments": arguments, "path": python_path(), "environ": {**(environ or {})}}
        Path(folder, "job.json").write_text(json.dumps(job))
        words = [setarch, "-R", str(kernel), *_options(folder)]
        return answer(Path(folder, "result.json"), console(words, seconds))


def console(words: list[str], seconds: float) -> bytes:
    """The output of the kernel in ``words`` until it ends; after ``seconds`` it is killed with its children."""
    with tempfile.TemporaryFile() as out:
        kernel = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
        try:
            kernel.wait(seconds)
        except subprocess.TimeoutExpired:
            out.write(b"\nno end after %d seconds" % seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(kernel.pid, signal.SIGKILL)
            kernel.wait()
        out.seek(0)
        return out.read()


def python_path() -> list[str]:
    """The import path of the package under test and its dependencies."""
    return [str(REPOSITORY), *(path for path in sys.path if path.endswith("site-packages"))]


def answer(path: Path, printed: bytes) -> Any:
    """The result in ``path``; raises RuntimeError with the traceback in it, or with the output ``printed``."""
    text = path.read_text(encoding="ascii") if path.exists() else ""
    if not text:
        raise RuntimeError(f"the guest gave no answer:\n{printed.decode(errors='replace')[-4000:]}")
    result = json.loads(text)
    if isinstance(result, dict) and "traceback" in result:
        raise RuntimeError(f"in the guest: {result['traceback']}")
    return result


def _options(folder: str) -> list[str]:
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return [
        f"mem={MEMORY}",
        "root=host",
        "rootfstype=hostfs",
        "ro",
        "con0=null,fd:2",
        "con=null",
        "loglevel=1",
        f"uml_dir={folder}",
        f"JOB={folder}",
        f"init={python}",
        "--",
        "-I",
        "-S",
        str(INIT),
    ]
