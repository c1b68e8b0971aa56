"""The default paths of state files."""

from __future__ import annotations

import os


def default(name: str) -> str:
    """The file ``name`` in the directory of states: $XDG_STATE_HOME, or ~/.local/state."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local/state")
    return os.path.join(home, name)


def writable(state: str | None, path: str) -> str:
    """``state``, or without one the default ``path``, whose directory is made."""
    if not state:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    return state or path
