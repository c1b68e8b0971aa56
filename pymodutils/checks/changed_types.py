"""Which C types caused the CRCs that a module was built with and a kernel does not have.

The kernel that it was built for is one of those checked, or an installed one. Types come from the BTF of both
kernels and of the modules that export the symbols.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pymodutils.checks import distilled, target
from pymodutils.checks.context import count, some
from pymodutils.checks.kabi_btf import BtfTypes
from pymodutils.checks.kabi_reason import differences
from pymodutils.checks.kabi_types import Differ, without_btf
from pymodutils.checks.rules import Rule
from pymodutils.depends.directory import SYMBOLS, ModuleDirectory
from pymodutils.depends.module_info import opened
from pymodutils.elf.constants import BTF, BTF_BASE
from pymodutils.errors import BadKernel, ModutilsError
from pymodutils.kernel.sources.running import IMAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pymodutils.checks.candidate import Candidate
    from pymodutils.checks.kabi_reason import KabiChange
    from pymodutils.checks.verdict import Finding, Verdict
    from pymodutils.kernel.description import Description
    from pymodutils.root import Root

KERNEL: Final = ""  # the exporter of what no module exports
MOST: Final = 20  # differences that are listed


class KernelTypes:
    """A kernel with its types; ``exporter`` gives the file of the module that exports a symbol, or KERNEL."""

    def __init__(self, kernel: Description, exporter: Callable[[str], str]) -> None:
        self.kernel = kernel
        self._exporter = exporter
        self._types: dict[str, BtfTypes | None] = {}

    def owner(self, symbol: str) -> str:
        """The file of the module that exports ``symbol``; KERNEL for the kernel itself, or if none does."""
        return KERNEL if symbol in self.kernel.exports else self._exporter(symbol)

    def types(self, owner: str) -> BtfTypes | None:
        """The types of the kernel or a module; None without BTF, or with one that is damaged."""
        if owner not in self._types:
            try:
                self._types[owner] = self._of_module(owner) if owner else self._of_kernel()
            except ModutilsError:
                self._types[owner] = None
        return self._types[owner]

    def _of_kernel(self) -> BtfTypes:
        kernel = self.kernel
        return BtfTypes(kernel.btf or b"", kernel.order or "", kernel.release or "the kernel")

    def _of_module(self, path: str) -> BtfTypes:
        order = self.kernel.order or ""
        with opened(path) as elf:
            own, base = elf.section(BTF), elf.section(BTF_BASE)
        if own is None:
            raise BadKernel(path, f"{path}: it has no BTF")
        below = BtfTypes(base, order, path) if base else self.types(KERNEL)
        return BtfTypes(own, order, path, below)

    def fits(self, expects: dict[str, int], symbols: Iterable[str]) -> bool:
        """Whether a module that ``expects`` these CRCs of ``symbols`` can be built for it."""
        exports = self.kernel.exports
        common = [(expects.get(name), exports[name].crc) for name in symbols if name in exports]
        return bool(common) and all(ours == theirs for ours, theirs in common)


def exporter_in(directory: ModuleDirectory) -> Callable[[str], str]:
    """The file of the module that exports a symbol, by modules.symbols."""

    def exporter(symbol: str) -> str:
        name = directory.get(SYMBOLS, f"symbol:{symbol}")
        entry = directory.entry(name) if name else None
        return directory.located(entry.path) if entry else KERNEL

    return exporter


class InstalledKernels:
    """The kernels that are installed below ``root``, by their releases."""

    def __init__(self, root: Root, *, cached: bool) -> None:
        self._root, self._cached = root, cached
        self._sides: dict[str, KernelTypes | None] = {}

    def find(self, release: str) -> KernelTypes | None:
        """The kernel ``release``; None if its image is absent or cannot be read."""
        if release not in self._sides:
            self._sides[release] = self._described(release) if release else None
        return self._sides[release]

    def _described(self, release: str) -> KernelTypes | None:
        paths = (self._root.path(pattern.format(release)) for pattern in IMAGES)
        image = next((path for path in paths if os.path.exists(path)), None)
        if image is None:
            return None
        try:
            [found] = target.targets([image], self._root, cached=self._cached)
        except ModutilsError:
            return None
        directory = ModuleDirectory(self._root.modules(release=release), root=self._root)
        return KernelTypes(found.kernel, exporter_in(directory))


class ChangedTypes:
    """Explains findings about CRCs on the kernel ``new`` by the one of ``olds`` that has those of the module.

    If none of them matches, ``installed`` kernels are searched.
    """

    def __init__(
        self, olds: Sequence[KernelTypes], new: KernelTypes, installed: InstalledKernels | None = None
    ) -> None:
        self.olds, self.new, self.installed = olds, new, installed
        self._differs: dict[tuple[KernelTypes, str, str], Differ | None] = {}

    def explained(self, verdict: Verdict, module: Candidate) -> Verdict:
        """``verdict`` with the types that changed."""
        if not any(it.rule is Rule.CRC for it in verdict.findings):
            return verdict
        findings = [self._explained(it, module) if it.rule is Rule.CRC else it for it in verdict.findings]
        return verdict._replace(findings=tuple(findings))

    def _explained(self, finding: Finding, module: Candidate) -> Finding:
        old = self._built_for(module, finding.symbols)
        if old is None:
            return finding._replace(types=self._by_sizes(module))
        lacking = without_btf(old.kernel, self.new.kernel)
        return finding._replace(types=(lacking,) if lacking else tuple(self._texts(old, finding.symbols)))

    def _by_sizes(self, module: Candidate) -> tuple[str, ...]:
        """The differences in .BTF.base of ``module``, whose own kernel is not available."""
        built, kernel = distilled.base(module.path, self.new.kernel.order or ""), self.new.types(KERNEL)
        if built is None or kernel is None:
            return ()
        release = self.new.kernel.release or "the kernel"
        found = distilled.differences(built, kernel, release)
        same = f"the types in the module's {BTF_BASE} have the same sizes in {release}"
        return tuple(_listed(found)) or (same,)

    def _built_for(self, module: Candidate, symbols: Sequence[str]) -> KernelTypes | None:
        expects = module.expects
        fitting = (it for it in self.olds if it is not self.new and it.fits(expects, symbols))
        found = next(fitting, None)
        if found is None and self.installed is not None:
            found = self.installed.find(module.built_for)
        return found if found and found.fits(expects, symbols) else None

    def _texts(self, old: KernelTypes, symbols: Sequence[str]) -> list[str]:
        by_owner: dict[tuple[str, str], list[str]] = {}
        for name in symbols:
            by_owner.setdefault((old.owner(name), self.new.owner(name)), []).append(name)
        found = [it for owners, names in by_owner.items() for it in self._reasons(old, *owners, names)]
        texts = [it.text for it in differences(found)]
        return _listed(texts) or [f"BTF shows no difference in the types of {some(symbols)}"]

    def _reasons(self, old: KernelTypes, ours: str, theirs: str, names: Sequence[str]) -> list[KabiChange]:
        key = old, ours, theirs
        if key not in self._differs:
            before, after = old.types(ours), self.new.types(theirs)
            self._differs[key] = Differ(before, after) if before and after else None
        differ = self._differs[key]
        return differ.reasons(names) if differ else []


def _listed(texts: list[str]) -> list[str]:
    """The first of ``texts``, and how many there are more."""
    rest = [count(len(texts) - MOST, "more difference")] if texts[MOST:] else []
    return [*texts[:MOST], *rest]
