"""The modules that go with a kernel of the check: its own, the checked ones, and others that were given."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.checks.candidate import below, read_all
from pymodutils.checks.changed_types import KERNEL
from pymodutils.checks.pool import Pool, Providers, pool_of
from pymodutils.elf import compress
from pymodutils.errors import NotFound

if TYPE_CHECKING:
    from pymodutils.checks.target import Target
    from pymodutils.root import Root

BUILTIN: Final = "modules.builtin"


class Around(NamedTuple):
    """The modules that go with a kernel."""

    providers: Providers
    tree: Pool | None
    builtins: frozenset[str]

    def exporter(self, symbol: str) -> str:
        """The file of the module that exports ``symbol``; KERNEL if none does."""
        name = symbol.encode("utf-8", "surrogateescape")
        found = (self.tree.exporter(name, None) if self.tree else None) or self.providers.exporter(name)
        return found.path if found else KERNEL


def around_of(it: Target, own: Pool, more: Pool, folder: str) -> Around:
    """The modules around ``it``; a kernel's own are read only if not all of them are checked themselves."""
    exports = {name.encode("utf-8", "surrogateescape") for name in it.kernel.exports}
    tree = None
    if it.tree and not _covers(own, it.tree):
        tree = _tree(it, own, exports, folder)
    pools = [own, more, *([tree] if tree else [])]
    builtins = _builtins(it.tree)
    return Around(Providers(exports, it.kernel.release, pools), tree, builtins)


def _covers(own: Pool, tree: str) -> bool:
    """Whether all modules below the directory ``tree`` are checked."""
    if not os.path.isdir(tree):
        return False
    checked = {os.path.realpath(module.path) for module in own.modules}
    return checked.issuperset(map(os.path.realpath, below(tree)))


def _tree(target: Target, own: Pool, exports: set[bytes], folder: str) -> Pool | None:
    """The modules of a kernel; a package is unpacked only for a module that lacks something."""
    place = target.tree
    if os.path.isdir(place):
        return Pool(read_all([(_followed(target.root, path), path) for path in below(place)]))
    lacks = any(
        symbol not in exports and symbol not in own.exporters for it in own.modules for symbol in it.needs
    )
    return pool_of([place], folder) if lacks else None


def _followed(root: Root, path: str) -> str:
    try:
        return root.follow(path)
    except OSError:  # a loop, which reading will report
        return path


def _builtins(tree: str) -> frozenset[str]:
    try:
        paths = compress.content(f"{tree}/{BUILTIN}").decode("utf-8", "surrogateescape").split()
    except NotFound:
        return frozenset()
    return frozenset(os.path.basename(path).partition(".")[0].replace("-", "_") for path in paths)
