"""Kernels that modules are checked against, and where their own modules are."""

from __future__ import annotations

import glob
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils import parallel
from pymodutils.checks import cache
from pymodutils.checks.candidate import below
from pymodutils.checks.verdict import CheckedKernel
from pymodutils.elf import compress
from pymodutils.errors import BadKernel, NotFound
from pymodutils.kernel import saved
from pymodutils.kernel.emulated.rules import assumptions
from pymodutils.kernel.sources.source import RUNNING
from pymodutils.root import Root
from pymodutils.signature.pem import certificates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.kernel.description import Description

TREES: Final = ("lib/modules/{}", "usr/lib/modules/{}")
JOINED: Final = ","  # separates the sources of one kernel
HERE: Final = Root()
MAGIC: Final = "*?["


class Target(NamedTuple):
    """One kernel; ``tree`` is the directory or package with its own modules, empty if there is none.

    Links in ``tree`` are resolved in ``root``.
    """

    label: str
    source: str
    kernel: Description
    tree: str
    root: Root = HERE

    def row(self) -> CheckedKernel:
        """The kernel as listed in a report."""
        known = self.kernel
        told = tuple(assumptions(known))
        return CheckedKernel(
            self.label, known.release or "", self.source, known.arch or "", len(known.exports), told
        )


def targets(sources: Sequence[str], root: Root, *, cached: bool, trust: Sequence[str] = ()) -> list[Target]:
    """The kernels of ``sources``, described on all cores; raises BadKernel, BadModule, NotFound.

    A source is anything that ``kernel describe`` accepts, a comma-separated list of them for one kernel, or a
    pattern. ``trust`` lists files with certificates that all of the kernels are to trust.
    """
    keys = [der for path in trust for der in certificates(compress.read(path), path)]
    names = [name for source in sources for name in _expanded(source)]
    work = [(name, os.fspath(root.sysroot), cached) for name in dict.fromkeys(names)]
    workers = min(len(work), parallel.cores())
    told = [_describe(each) for each in work] if workers < 2 else parallel.ordered(_describe, work, workers)  # noqa: PLR2004
    found = []
    for (name, *_), (text, failure, code) in zip(work, told, strict=True):
        if failure:
            raise BadKernel(name, failure, code)
        kernel = saved.loads(text.encode(), name)
        _usable(kernel, name)
        found.append((name, kernel._replace(keys=(*kernel.keys, *keys))))
    return _labelled(found, root)


def _describe(work: tuple[str, str, bool]) -> tuple[str, str, int]:
    """The saved description of a kernel, or the message of the error and its errno."""
    name, sysroot, cached = work
    try:
        return cache.describe(tuple(name.split(JOINED)), Root(sysroot), cached=cached), "", 0
    except (BadKernel, NotFound) as error:
        text = str(error)
        return "", text if ": give " in text else f"{text}: {ADVICE}", error.errno


ADVICE: Final = "give a kernel image or package, a headers or module directory, or 'running'"


def _usable(kernel: Description, name: str) -> None:
    """Raise BadKernel if no module could be checked against ``kernel``."""
    if kernel.machine is None or not kernel.exports:
        lacks = "does not give the architecture" if kernel.machine is None else "lists no exported symbols"
        if name == RUNNING:
            place = f"the installation of the running kernel, {kernel.release}"
            more = "install its image and headers, or give a kernel: --kernel SOURCE"
            raise BadKernel(name, f"{place}, {lacks}, so modules cannot be checked: {more}")
        more = "add an image or a Module.symvers, as SOURCE,SOURCE, or give another --kernel"
        raise BadKernel(name, f"{name}: it {lacks}, so modules cannot be checked: {more}")


def _expanded(source: str) -> list[str]:
    """The files that the pattern ``source`` matches; raises NotFound if there are none."""
    if not any(sign in source for sign in MAGIC) or os.path.exists(source):
        return [source]
    found = sorted(glob.glob(source))
    if not found:
        raise NotFound(source, f"{source}: no file matches: {ADVICE}")
    return found


def _labelled(found: Sequence[tuple[str, Description]], root: Root) -> list[Target]:
    """Label each kernel by release, followed by the source if releases coincide."""
    releases = [kernel.release or os.path.basename(name) for name, kernel in found]
    labels = [
        release if releases.count(release) == 1 else f"{release} ({name})"
        for release, (name, _) in zip(releases, found, strict=True)
    ]
    return [
        Target(label, name, kernel, _tree(name.split(JOINED), kernel.release or "", root), root)
        for label, (name, kernel) in zip(labels, found, strict=True)
    ]


def _tree(sources: Sequence[str], release: str, root: Root) -> str:
    """The directory or package of the kernel's own modules, if its sources lead there."""
    for source in sources:
        if source == RUNNING and not os.path.exists(source):
            return root.modules(release=release)
        if os.path.isdir(source):
            places = [*(os.path.join(source, tree.format(release)) for tree in TREES), source]
        elif source.endswith((".deb", ".rpm")):
            return source
        else:
            top = os.path.dirname(os.path.dirname(os.path.abspath(source)))
            places = [os.path.join(top, tree.format(release)) for tree in TREES]
        for place in places:
            if os.path.isdir(place) and below(place):
                return place
    return ""
