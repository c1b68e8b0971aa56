"""What the environment of a process should be that is asked what it imports."""

from __future__ import annotations

import os


def without_coverage() -> dict[str, str]:
    """This process's environment without what makes coverage start, and import, in another Python."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COV")}
