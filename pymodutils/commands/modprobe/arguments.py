"""The arguments of one modprobe call, and what that means for plans and for carrying them out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.depends import plan, words
from pymodutils.kernel.base import Init
from pymodutils.run import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.root import Root

PROG: Final = "modprobe"
NEWEST: Final = 34  # kmod's, whose rules hold unless another one is asked for
NEXT: Final = 35  # the release of kmod that mends some of 34's faults, as ours does
WHY_SINCE: Final = 34  # the release of kmod that says what is wrong with compressed data
DEPRECATED: Final = {
    "showconfig": "show-config",
    "resolve_alias": "show-alias",
    "dump_modversions": "show-modversions",
    "show": "dry-run",
    "remove_dependencies": "remove-holders",
}


class Arguments(NamedTuple):
    """The words of one call, by the names that the options have below."""

    operands: tuple[str, ...]
    every: bool
    remove: bool
    remove_dependencies: bool
    remove_holders: bool
    wait: int
    resolve_alias: bool
    show_alias: bool
    first_time: bool
    ignore: bool
    use_blacklist: bool
    force: bool
    force_modversion: bool
    force_vermagic: bool
    show_depends: bool
    showconfig: bool
    show_config: bool
    show_modversions: bool
    dump_modversions: bool
    show_exports: bool
    dry_run: bool
    show: bool
    config: tuple[str, ...]
    dirname: str
    set_version: str | None
    syslog: bool
    quiet: bool
    verbose: int
    explain: bool
    compat: str | None
    form: str
    root: Root

    @property
    def release(self) -> int:
        """The release of kmod whose rules hold."""
        return int(self.compat or NEWEST)

    @property
    def mended(self) -> bool:
        """Whether kmod's next release, or no kmod's rules in particular, are asked for."""
        return not self.compat or self.release >= NEXT

    @property
    def says_why(self) -> bool:
        """Whether to say what is wrong with compressed data."""
        return self.release >= WHY_SINCE

    @property
    def removes(self) -> bool:
        """Whether modules are to go; kmod 34 loads them where only their holders are spoken of."""
        return self.remove or (self.mended and (self.remove_holders or self.remove_dependencies))

    @property
    def shows_symbols(self) -> bool:
        """Whether one module file is to be looked into."""
        return self.show_modversions or self.dump_modversions or self.show_exports

    @property
    def shows_config(self) -> bool:
        """Whether the configuration is to be shown."""
        return self.show_config or self.showconfig

    @property
    def shows_names(self) -> bool:
        """Whether only the modules that names stand for are to be shown."""
        return (self.show_alias or self.resolve_alias) and not self.removes

    @property
    def only_shows(self) -> bool:
        """Whether nothing is to be done to the kernel."""
        return self.explain or self.shows_config or self.shows_names or self.mode.dry

    @property
    def explains(self) -> bool:
        """Whether to show what would be done and why, as text or as JSON."""
        return self.explain or self.form == "json"

    @property
    def queries(self) -> bool:
        """Whether the call loads and removes nothing."""
        return self.shows_config or self.explains or self.shows_symbols or self.shows_names

    @property
    def names(self) -> tuple[str, ...]:
        """The operands that name modules."""
        return self.operands if self._all_name else self.operands[:1]

    @property
    def parameters(self) -> str:
        """The parameters typed for the module to be loaded."""
        return "" if self._all_name else words.parameters(self.operands[1:])

    @property
    def _all_name(self) -> bool:
        return (self.every or self.removes) and not self.shows_symbols

    @property
    def directory(self) -> str:
        """The module directory."""
        top = self.dirname
        base = top if not top or top.startswith("/") else f"{os.getcwd()}/{top}"
        return self.root.modules(base, self.set_version)

    @property
    def choices(self) -> plan.Choices:
        """What matters to plans."""
        flags = Init.NONE
        if self.force or self.force_modversion:
            flags |= Init.IGNORE_MODVERSIONS
        if self.force or self.force_vermagic:
            flags |= Init.IGNORE_VERMAGIC
        return plan.Choices(
            int(flags), self.ignore, self.use_blacklist, install_yields=self.compat is not None
        )

    @property
    def mode(self) -> Mode:
        """What matters when plans are run."""
        return Mode(
            dry=self.dry_run or self.show or self.show_depends,
            show=self.show_depends or (self._tells and not self.quiet),
            ignore_loaded=self.show_depends,
            first_time=self.first_time,
            force=self.force,
            holders=self.remove_holders or self.remove_dependencies,
            go_on=self.every,
            wait=self.wait,
            says_why=self.says_why,
            signals_pass=self.compat is not None,
        )

    @property
    def _tells(self) -> bool:
        """Whether steps are printed: with -v, and from kmod 35 on with -n too."""
        return self.verbose > 0 or (self.release >= NEXT and (self.dry_run or self.show))

    def warnings(self) -> Iterator[str]:
        """What is to be said of deprecated options; kmod says nothing."""
        for old, new in DEPRECATED.items() if self.mended else ():
            if getattr(self, old):
                name = old.replace("_", "-")
                yield f"--{name} is deprecated and scheduled for removal; use --{new}"

    def hand_down(self) -> None:
        """Put into $MODPROBE_OPTIONS what the commands of install and remove lines shall inherit."""
        inherited = [os.environ[words.VARIABLE]] if words.VARIABLE in os.environ else []
        ours = [f"-C {path}" for path in self.config]
        ours += ["-s"] * self.syslog + ["-q"] * self.quiet + ["-v"] * self.verbose
        if ours:
            os.environ[words.VARIABLE] = " ".join([*inherited, *ours])
