"""The arguments of a modprobe call, and their meaning for plans and their execution."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.depends import plan, words
from pymodutils.kernel.base import Init
from pymodutils.run.steps import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.root import Root

PROG: Final = "modprobe"
NEWEST: Final = 34  # the release of kmod to follow by default
NEXT: Final = 35  # the release of kmod that fixes some bugs of 34, as we do
WHY_SINCE: Final = 34  # the first release of kmod that reports errors in compressed data
DEPRECATED: Final = {
    "showconfig": "show-config",
    "resolve_alias": "show-alias",
    "dump_modversions": "show-modversions",
    "show": "dry-run",
    "remove_dependencies": "remove-holders",
}


class Arguments(NamedTuple):
    """The parsed options and operands of a call."""

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
    format_: str
    root: Root

    @property
    def release(self) -> int:
        """The release of kmod to follow."""
        return int(self.compat or NEWEST)

    @property
    def mended(self) -> bool:
        """Whether to follow kmod's next release, or no particular one."""
        return not self.compat or self.release >= NEXT

    @property
    def says_why(self) -> bool:
        """Whether to report errors in compressed data."""
        return self.release >= WHY_SINCE

    @property
    def removes(self) -> bool:
        """Whether to remove modules; with --remove-holders alone, kmod 34 loads them."""
        return self.remove or (self.mended and (self.remove_holders or self.remove_dependencies))

    @property
    def shows_symbols(self) -> bool:
        """Whether to show the symbols of a module file."""
        return self.show_modversions or self.dump_modversions or self.show_exports

    @property
    def shows_config(self) -> bool:
        """Whether to show the configuration."""
        return self.show_config or self.showconfig

    @property
    def shows_names(self) -> bool:
        """Whether to show only the modules that names resolve to."""
        return (self.show_alias or self.resolve_alias) and not self.removes

    @property
    def only_shows(self) -> bool:
        """Whether to leave the kernel unchanged."""
        return self.explain or self.shows_config or self.shows_names or self.mode.dry

    @property
    def explains(self) -> bool:
        """Whether to show the steps and their reasons, as text or JSON."""
        return self.explain or self.format_ == "json"

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
        """The parameters given for the module."""
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
        """The options for planning."""
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
        """The options for running plans."""
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
        """Warnings about deprecated options, which kmod does not print."""
        for old, new in DEPRECATED.items() if self.mended else ():
            if getattr(self, old):
                name = old.replace("_", "-")
                yield f"--{name} is deprecated and scheduled for removal; use --{new}"

    def hand_down(self) -> None:
        """Put the options that install and remove commands inherit into $MODPROBE_OPTIONS."""
        inherited = [os.environ[words.VARIABLE]] if words.VARIABLE in os.environ else []
        ours = [f"-C {path}" for path in self.config]
        ours += ["-s"] * self.syslog + ["-q"] * self.quiet + ["-v"] * self.verbose
        if ours:
            os.environ[words.VARIABLE] = " ".join([*inherited, *ours])
