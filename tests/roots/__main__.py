"""Write kmod 34's output into every ``cases``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.oracles.small import make
from tests.roots.cases import ROOTS, answered, theirs

for case in ROOTS:
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        (case / "cases").write_text(answered(case, Path(folder), theirs))
