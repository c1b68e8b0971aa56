"""A clean environment for processes whose imports are measured."""

from __future__ import annotations

import os


def without_coverage() -> dict[str, str]:
    """This process's environment without the variables that start coverage in another Python."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COV")}
