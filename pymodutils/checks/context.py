"""What the messages about one module on one kernel are made from."""

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
SHOWN: Final = 3  # names that a sentence lists


class Context(NamedTuple):
    """A module, a kernel, the trial, and what else may explain it."""

    module: Candidate
    target: Target
    targets: Sequence[Target]  # all kernels of this check
    trees: Sequence[Pool | None]  # and their own modules
    providers: Providers
    tree: Pool | None  # the kernel's own modules, if they were looked at
    builtins: frozenset[str]  # names of what is built into the kernel
    trial: Trial
    expects: Mapping[str, int]  # CRCs by symbol
    firmware: str  # a folder with firmware, or empty
    detailed: bool = True  # whether places in source are worth their time, and reasons need not be alike

    @property
    def release(self) -> str:
        """The kernel's."""
        return self.target.kernel.release or self.target.label

    @property
    def others(self) -> Pool:
        """The kernel's own modules, none if this is one of them."""
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
        """The headers of the kernel, with their package if that is known."""
        return headers(self.release, self.target.kernel.version or "")

    @property
    def rebuild(self) -> str:
        """What to do about a module for another kernel."""
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
        """The labels of the kernels whose symbols have the CRCs that the module expects."""
        return [it.label for it in self.targets if _agrees(self.expects, it.kernel.exports)]


def _agrees(expects: Mapping[str, int], exports: Mapping[str, Export]) -> bool:
    common = [(crc, exports[name].crc) for name, crc in expects.items() if name in exports]
    return bool(common) and all(ours == theirs for ours, theirs in common)


def headers(release: str, version: str) -> str:
    """The headers of the kernel ``release``, with Debian's package where ``version`` says Debian."""
    package = f" (package linux-headers-{release})" if "Debian" in version else ""
    return f"the headers of {release}{package}"


def some(names: Sequence[str]) -> str:
    """The first of ``names``, and how many more there are."""
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def count(number: int, noun: str) -> str:
    """``1 symbol``, ``2 symbols``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
