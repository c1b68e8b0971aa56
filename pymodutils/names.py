"""Names of modules, files and aliases, normalised as in kmod."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Iterable

EXTENSIONS = (".ko", ".ko.gz", ".ko.xz", ".ko.zst")


def normalize(name: str) -> str:
    """A module name as spelled by the kernel: ``-`` becomes ``_``."""
    return name.replace("-", "_")


def of_path(path: str) -> str:
    """The module name of the file ``path``: up to the first dot, normalised."""
    return normalize(os.path.basename(path).partition(".")[0])


def stat(path: str) -> None:
    """Raise OSError if kmod finds no module at ``path``: it is missing, or ends in a slash."""
    os.stat(path)
    os.stat(os.path.basename(path) and path)


def is_module_file(path: str) -> bool:
    """Whether the name has the suffix of a module file, compressed or not."""
    return path.endswith(EXTENSIONS)


def normalize_alias(alias: str) -> str:
    """``alias`` with ``-`` replaced by ``_`` outside ``[...]``.

    Raises ModutilsError for an unmatched bracket; its subject is the part that kmod has normalised.
    """
    if "[" not in alias and "]" not in alias:
        return alias.replace("-", "_")
    done, rest = "", alias
    while rest:
        plain, opened, rest = rest.partition("[")
        before, stray, after = plain.partition("]")
        done += before.replace("-", "_") + stray + after.replace("-", "_" if not stray else "-")
        inside, closed, rest = rest.partition("]") if opened else ("", "", "")
        done += opened + inside + closed
        if stray or (opened and not closed):
            raise ModutilsError(done + rest, f"alias {alias!r} has an unmatched bracket")
    return done


def suggestion(word: str, known: Iterable[str]) -> str:
    """The end of a message about the unknown ``word``: the most similar one of ``known``, if any."""
    from difflib import get_close_matches  # noqa: PLC0415 -- only after a typing error

    similar = get_close_matches(word, list(known), 1)
    return f", did you mean '{similar[0]}'?" if similar else ""
