"""The pictures in the pages: ``python -m demo.screenshot`` runs check and preflight, and a browser.

docs/check.svg, docs/preflight.svg, docs/preflight.png, and the output of check in README.md.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from demo import upgrade
from tests.checks import browser

REPOSITORY: Final = Path(__file__).resolve().parents[1]
DOCS: Final = REPOSITORY / "docs"
CHECK: Final = "pymodutils check --kernel demo/try/6.1.json --kernel demo/try/6.12.json demo/try/hello.ko"
PREFLIGHT: Final = "pymodutils preflight --profile laptop.json --kernel "
COLUMNS: Final = 112
WINDOW: Final = "1280,1000"


def main() -> None:
    """Write all of them."""
    output = picture(CHECK, REPOSITORY, DOCS / "check.svg")
    page = REPOSITORY / "README.md"
    lines = [line.rstrip() for line in output.plain.rstrip().splitlines()]
    shown = "\n".join(["```", f"$ {CHECK}", *lines, "```"])
    old = re.compile(r"```\n\$ pymodutils check.*?```", re.DOTALL)
    page.write_text(old.sub(lambda _: shown, page.read_text(), count=1))
    with tempfile.TemporaryDirectory() as folder:
        laptop = Path(folder, "laptop")
        command = PREFLIGHT + upgrade.make(laptop).new
        os.environ["PYMODUTILS_SYSROOT"] = str(laptop)
        picture(command, laptop, DOCS / "preflight.svg")
        in_terminal(f"{command} --format html -o page.html", laptop)
        browser.screenshot(laptop / "page.html", DOCS / "preflight.png", size=WINDOW)


def picture(command: str, folder: Path, target: Path) -> Text:
    """The output of ``command`` in ``folder``, with a picture of it in the file ``target``."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
    output = Text.from_ansi(in_terminal(command, folder))
    console.print(output)
    console.save_svg(str(target), title=" ".join(command.split()[:2]))
    return output


def in_terminal(command: str, folder: Path) -> str:
    """The output of the command on a terminal, with colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    words = [sys.executable, "-m", *command.split()]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    environment["PYTHONPATH"] = str(REPOSITORY)
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(words, cwd=folder, env=environment, stdout=theirs, stderr=subprocess.DEVNULL)
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
