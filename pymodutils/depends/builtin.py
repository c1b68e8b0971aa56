"""Metadata of built-in modules: modules.builtin.modinfo, written by the kernel build.

The file is a sequence of NUL-terminated ``NAME.KEY=VALUE`` strings, grouped by module.
"""

from __future__ import annotations

import errno

from pymodutils.errors import ModutilsError
from pymodutils.regular import opener

MODINFO = "modules.builtin.modinfo"


def modinfo(path: str, name: str) -> list[tuple[str, str]]:
    """The ``(key, value)`` entries of the built-in module ``name`` in the file ``path``.

    Empty if the file is missing. Raises ModutilsError if it cannot be read, or if a string before the end
    of the module's own ones has no module name.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", opener=opener) as file:
            text = file.read()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ModutilsError(path, f"{path}: {error.strerror}", error.errno) from None
    return _block(text, name, path)


def _block(text: str, name: str, path: str) -> list[tuple[str, str]]:
    """The first contiguous block of entries of ``name``."""
    found: list[tuple[str, str]] = []
    for string in text.removesuffix("\0").split("\0") if text else ():
        module, dot, entry = string.partition(".")
        if not dot or "=" in module:
            raise ModutilsError(path, f"{path}: no module name before {string!r}", errno.EINVAL)
        if module == name:
            key, _, value = entry.partition("=")
            found.append((key, value))
        elif found:
            break
    return found
