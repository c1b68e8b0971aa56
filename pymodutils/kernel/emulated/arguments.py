"""The parameters that a module is loaded with; kernel/module/main.c: parse_args and its callback."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.loading import Loading


def parse(load: Loading) -> None:
    """Set what the words of the call name."""
