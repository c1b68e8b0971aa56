"""docs/check.svg and the output in README.md: ``python -m demo.screenshot`` runs check in a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

REPOSITORY: Final = Path(__file__).resolve().parents[1]
COMMAND: Final = "pymodutils check --kernel demo/try/6.1.json --kernel demo/try/6.12.json demo/try/hello.ko"
COLUMNS: Final = 112


def main() -> None:
    """Write both."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    console.print(Text.assemble(("$ ", "bold green"), (COMMAND, "bold")))
    output = Text.from_ansi(in_terminal())
    console.print(output)
    console.save_svg(str(REPOSITORY / "docs/check.svg"), title="pymodutils check")
    page = REPOSITORY / "README.md"
    lines = [line.rstrip() for line in output.plain.rstrip().splitlines()]
    shown = "\n".join(["```", f"$ {COMMAND}", *lines, "```"])
    old = re.compile(r"```\n\$ pymodutils check.*?```", re.DOTALL)
    page.write_text(old.sub(lambda _: shown, page.read_text(), count=1))


def in_terminal() -> str:
    """The command's output on a terminal, with its colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    words = [sys.executable, "-m", *COMMAND.split()]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        words, cwd=REPOSITORY, env=environment, stdout=theirs, stderr=subprocess.DEVNULL
    )
    os.close(theirs)
    pieces = []
    try:
        while piece := os.read(ours, 65536):
            pieces.append(piece)
    except OSError:  # a terminal that all have closed
        pass
    process.wait()
    return b"".join(pieces).decode().replace("\r\n", "\n")


if __name__ == "__main__":
    main()
