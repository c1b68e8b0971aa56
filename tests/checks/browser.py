"""Debian's chromium without a display, to test HTML pages."""

from __future__ import annotations

import html
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.oracles.debian import Unavailable

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=4000")
PATIENCE = 120  # seconds


def dom(page: Path, script: str = "", size: str = "1400,900") -> str:
    """The document in a window of ``size`` after ``script``; raises Unavailable without a browser."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "page.html")
        copy.write_text(page.read_text().replace("</body>", f"<script>{script}</script></body>"))
        profile = f"--user-data-dir={folder}/profile"
        return _run(profile, f"--window-size={size}", "--dump-dom", copy.as_uri())


def narrow(page: Path, script: str = "", width: int = 390) -> str:
    """The document in a frame of ``width``, less than Chromium's windows can have, after ``script``."""
    text = page.read_text().replace("</body>", f"<script>{script}</script></body>")
    frame = f'<iframe style="width: {width}px; height: 844px" srcdoc="{html.escape(text)}"></iframe>'
    copy = "document.body.replaceWith(document.importNode(frame.contentDocument.body, true))"
    with tempfile.TemporaryDirectory() as folder:
        outer = Path(folder, "outer.html")
        outer.write_text(
            f"<body>{frame}<script>frame = document.querySelector('iframe');"
            f"frame.onload = () => {copy};</script></body>"
        )
        return dom(outer)


def screenshot(page: Path, target: Path, script: str = "", size: str = "1400,900") -> None:
    """A picture of the page in the file ``target``."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "page.html")
        copy.write_text(page.read_text().replace("</body>", f"<script>{script}</script></body>"))
        profile = f"--user-data-dir={folder}/profile"
        _run(profile, f"--window-size={size}", f"--screenshot={target}", copy.as_uri())


def _run(*words: str) -> str:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise Unavailable("no chromium (package chromium)")
    environment = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": "disabled:"}
    done = subprocess.run(
        [chromium, *FLAGS, *words],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        timeout=PATIENCE,
    )
    return done.stdout
