"""A process that runs many command lines, without starting Python for each.

Reads JSON lines ``[tool, word...]`` and answers with ``[status, stdout, stderr]``; an uncaught exception
becomes status -1 with the traceback. It drops CAP_SYS_MODULE before it starts.
"""

from __future__ import annotations

import io
import json
import os
import select
import shutil
import subprocess
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple, Self

from pymodutils import cli

REPOSITORY = Path(__file__).parent.parent


class Answer(NamedTuple):
    """The outcome of a command line."""

    status: int
    stdout: str
    stderr: str


class Server:
    """The process, with ``environment``, in the folder ``cwd``."""

    def __init__(self, cwd: Path, environment: dict[str, str]) -> None:
        self.cwd = cwd
        self.environment = environment
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.server"]
        if os.geteuid() == 0 and shutil.which("setpriv"):
            command = ["setpriv", "--bounding-set=-sys_module", "--inh-caps=-sys_module", *command]
        return subprocess.Popen(
            command,
            cwd=self.cwd,
            env={**os.environ, **self.environment, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def run(self, *words: str, seconds: float = 20) -> Answer:
        """The outcome of the tool with these words; raises TimeoutError if it hangs."""
        words_in, answers = self.process.stdin, self.process.stdout
        assert words_in
        assert answers
        words_in.write(json.dumps(words).encode() + b"\n")
        words_in.flush()
        ready, _, _ = select.select([answers], [], [], seconds)
        if not ready:
            self.__exit__()
            self.process = self._start()
            raise TimeoutError(words)
        return Answer(*json.loads(answers.readline()))


def _capture() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape", write_through=True)


def _text(captured: io.TextIOWrapper) -> str:
    raw = captured.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode("utf-8", "surrogateescape")


def answer(tool: str, words: list[str]) -> Answer:
    """The outcome of ``tool`` with ``words`` in this process."""
    out, err = _capture(), _capture()
    environment = dict(os.environ)
    entry = {**cli.TOOLS, **cli.SUBCOMMANDS}[tool]
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = cli.run(tool, tool, entry, words)
        except BaseException:  # noqa: BLE001 -- that nothing escapes is what is tested
            traceback.print_exc()
            status = -1
    os.environ.clear()  # modprobe hands options down to the commands that it runs
    os.environ.update(environment)
    return Answer(status, _text(out), _text(err))


def main() -> None:
    """Answer every line until there are no more."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what commands of a configuration print does not get between the answers
    for line in sys.stdin:
        tool, *words = json.loads(line)
        channel.write(json.dumps(answer(tool, words)) + "\n")
        channel.flush()


if __name__ == "__main__":
    main()
