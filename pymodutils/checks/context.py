"""The data from which messages about one module on one kernel are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.checks.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymodutils.checks.candidate import Candidate
    from pymodutils.checks.pool import Providers
    from pymodutils.checks.target import Target
    from pymodutils.checks.trial import Trial
    from pymodutils.elf.ksymtab import Export

NOBODY: Final = Pool()
SHOWN: Final = 3  # names listed in a sentence


class Context(NamedTuple):
    """A module, a kernel, their trial, and what else may explain its result."""

    module: Candidate
    target: Target
    targets: Sequence[Target]  # all kernels of this check
    trees: Sequence[Pool | None]  # the own modules of each
    providers: Providers
    tree: Pool | None  # the kernel's own modules, if they were read
    builtins: frozenset[str]  # names of built-in modules
    trial: Trial
    expects: Mapping[str, int]  # CRCs by symbol
    firmware: str  # a firmware directory, or empty
    detailed: bool = (
        True  # whether to look up source locations, which takes time and makes each message unique
    )

    @property
    def release(self) -> str:
        """The release of the kernel."""
        return self.target.kernel.release or self.target.label

    @property
    def others(self) -> Pool:
        """The kernel's own modules, empty if this is one of them."""
        own = self.tree.by_name.get(self.module.name) if self.tree else None
        if self.tree is None or (own and (own.info, own.facts) == (self.module.info, self.module.facts)):
            return NOBODY
        return self.tree

    @property
    def whole(self) -> bool:
        """Whether the exports of the kernel and of all its own modules are known."""
        return self.target.kernel.complete and bool(self.target.tree)

    @property
    def headers(self) -> str:
        """The headers of the kernel, with the package if known."""
        return headers(self.release, self.target.kernel.version or "")

    @property
    def rebuild(self) -> str:
        """Advice for a module built for another kernel."""
        return f"rebuild it against {self.headers}"

    def elsewhere(self, symbol: str) -> list[str]:
        """Where else ``symbol`` is exported: labels of other kernels, or their modules."""
        found = []
        for target, tree in zip(self.targets, self.trees, strict=True):
            owner = tree.exporter(symbol.encode("utf-8", "surrogateescape"), None) if tree else None
            if target is not self.target and (owner or symbol in target.kernel.exports):
                found.append(f"{owner.name} of {target.label}" if owner else target.label)
        return found

    @property
    def absent(self) -> list[str]:
        """The modules in its depends= that are not found."""
        names = (self.module.value("depends") or "").replace("-", "_").split(",")
        return [name for name in names if name and not self.providers.named(name)]

    def agreeing(self) -> list[str]:
        """The labels of the kernels whose CRCs match those of the module."""
        return [it.label for it in self.targets if _agrees(self.expects, it.kernel.exports)]


def _agrees(expects: Mapping[str, int], exports: Mapping[str, Export]) -> bool:
    common = [(crc, exports[name].crc) for name, crc in expects.items() if name in exports]
    return bool(common) and all(ours == theirs for ours, theirs in common)


def headers(release: str, version: str) -> str:
    """The headers of the kernel ``release``, with Debian's package where ``version`` says Debian."""
    package = f" (package linux-headers-{release})" if "Debian" in version else ""
    return f"the headers of {release}{package}"


def some(names: Sequence[str]) -> str:
    """The first of ``names``, and the number of the rest."""
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def count(number: int, noun: str) -> str:
    """``1 symbol``, ``2 symbols``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
