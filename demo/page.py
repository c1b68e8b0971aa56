"""docs/check.png: the modules of one Debian kernel, checked against five, as HTML."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.checks.browser import screenshot
from tests.oracles.kernels import kernel

TARGET: Final = Path(__file__).resolve().parents[1] / "docs/check.png"
KERNELS: Final = ("cloud-amd64", "amd64", "trixie", "forky", "arm64")
CHOOSE: Final = """
setTimeout(() => {
  document.querySelectorAll("#rows tr")[1].querySelectorAll("td.cell")[2].click();
}, 500);
"""


def main() -> None:
    """Write the screenshot."""
    images = [str(kernel(name).image) for name in KERNELS]
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "check.html")
        sources = [word for image in images for word in ("--kernel", image)]
        words = ["check", *sources, "--format", "html", "-o", str(page), str(kernel(KERNELS[0]).modules)]
        subprocess.run([sys.executable, "-m", "pymodutils", *words, "--fail-on", "never"], check=True)
        screenshot(page, TARGET, CHOOSE)


if __name__ == "__main__":
    main()
