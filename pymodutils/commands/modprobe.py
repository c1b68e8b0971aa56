"""modprobe: load or remove modules with all that belongs to them, or tell what that would be."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from pymodutils.commands import options
from pymodutils.commands.getopt import Extra, Tool, raise_usage
from pymodutils.depends import plan, search, words
from pymodutils.depends.directory import ModuleDirectory
from pymodutils.depends.resolve import Module, Reason, Resolver
from pymodutils.errors import ModutilsError
from pymodutils.kernel.base import Init
from pymodutils.log import ERROR, WARNING, Log
from pymodutils.names import of_path
from pymodutils.run import CannotLoad, Mode, NotRemoved, Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymodutils.root import Root

PROG: Final = "modprobe"
NEWEST: Final = 34
PATHS_SINCE: Final = 31  # the release of kmod from which /x.ko and ./x.ko are files
DEPRECATED: Final = {
    "showconfig": "show-config",
    "resolve_alias": "show-alias",
    "dump_modversions": "show-modversions",
    "show": "dry-run",
    "remove_dependencies": "remove-holders",
}
EXAMPLES: Final = [
    ("modprobe e1000e debug=4", "load a module with a parameter, and first what it needs"),
    ("modprobe -r vfat", "remove it, and what only it needed"),
    ("modprobe -D btrfs", "show what loading it takes"),
    ("modprobe --explain fs-ext4", "show also which line of which file decided what"),
    ("modprobe -R symbol:crc7_be", "show which modules a name stands for"),
    ("modprobe --sysroot /mnt -S 6.1.0-1-amd64 -c", "show how another tree is configured"),
]
GROUPS: Final = {
    "Removing": ("-r", "-w", "--remove-holders"),
    "Asking": ("-n", "-D", "-R", "-c", "--show-modversions", "--show-exports"),
    "Overriding": ("-i", "-b", "--first-time", "-f", "--force-modversion", "--force-vermagic"),
    "Where to look": ("-C", "-d", "-S"),
    "What is said": ("-s", "-q", "-v"),
}
_INTEGER: Final = r"\s*([-+]?)(0[xX][0-9a-fA-F]+|[0-9]+)"
_LEVELS: Final = ("err", "info", "debug")


class Modprobe(Tool):
    """A tool whose words start with those of $MODPROBE_OPTIONS."""

    def call(self, prog: str, path: str, given: Sequence[str]) -> int:
        """As Tool.call."""
        return super().call(prog, path, [*words.split(os.environ.get(words.VARIABLE, "")), *given])


class Asked(NamedTuple):
    """The words of one call, by the names that the options have below."""

    operands: tuple[str, ...]
    every: bool
    remove: bool
    remove_dependencies: bool
    remove_holders: bool
    wait: int
    short_alias: bool
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
    def removes(self) -> bool:
        """Whether modules are to go; kmod 34 loads them where only their holders are spoken of."""
        return self.remove or (not self.compat and (self.remove_holders or self.remove_dependencies))

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
        return self.short_alias or self.resolve_alias or self.show_alias

    @property
    def only_shows(self) -> bool:
        """Whether nothing is to be done to the kernel."""
        return self.explain or self.shows_config or self.shows_names or self.mode.dry

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
            show=self.show_depends or (self.verbose > 0 and not self.quiet),
            ignore_loaded=self.show_depends,
            first_time=self.first_time,
            force=self.force,
            holders=self.remove_holders or self.remove_dependencies,
            go_on=self.every,
            wait=self.wait,
            signals_pass=self.compat is not None,
        )

    def hand_down(self) -> None:
        """Put into $MODPROBE_OPTIONS what the commands of install and remove lines shall inherit."""
        inherited = [os.environ[words.VARIABLE]] if words.VARIABLE in os.environ else []
        ours = [f"-C {path}" for path in self.config]
        ours += ["-s"] * self.syslog + ["-q"] * self.quiet + ["-v"] * self.verbose
        if ours:
            os.environ[words.VARIABLE] = " ".join([*inherited, *ours])


def _milliseconds(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int:
    """An integer as strtol reads it in base 0."""
    if value is None:
        return 0
    found = re.fullmatch(_INTEGER, value)
    digits = found[2] if found else ""
    octal = digits.startswith("0") and digits.isdigit()
    try:
        return int(digits, 8 if octal else 0) * (-1 if found and found[1] == "-" else 1)
    except ValueError:
        raise_usage(PROG, f"unexpected wait value '{value}'.")


def _flag(*names: str, help: str, cls: type[click.Option] = click.Option) -> Callable[[Any], Any]:  # noqa: A002
    return click.option(*names, is_flag=True, help=help, cls=cls)


@click.command(cls=Modprobe, examples=EXAMPLES, groups=GROUPS)
@click.argument("operands", nargs=-1, metavar="NAME [PARAMETER=VALUE]...")
@_flag("-a", "--all", "every", help="Every operand names a module, none a parameter.")
@_flag("-r", "--remove", help="Remove modules, and what only they needed.")
@_flag("--remove-dependencies", help="Deprecated: use --remove-holders.")
@_flag("--remove-holders", help="Remove modules, and first those that use them.")
@click.option(
    "-w",
    "--wait",
    metavar="MSEC",
    callback=_milliseconds,
    help="Wait up to MSEC milliseconds until nothing uses the module to be removed.",
)
@_flag("-R", "short_alias", help="The same as --show-alias.")
@_flag("--resolve-alias", help="Deprecated: use --show-alias.")
@_flag("--first-time", help="Fail if there is nothing to do.")
@_flag(
    "-i",
    "--ignore-install",
    "--ignore-remove",
    "ignore",
    help="Ignore install and remove commands and soft dependencies of the modules named.",
)
@_flag("-b", "--use-blacklist", help="Blacklists hold for the names typed, too, not only for aliases.")
@_flag("-f", "--force", help="Both of the following; with -r, remove modules in use. Dangerous.")
@_flag("--force-modversion", help="Ignore the versions of the symbols that modules need.")
@_flag("--force-vermagic", help="Ignore the version magic of modules.")
@_flag("-D", "--show-depends", help="Show what would be done if nothing were loaded, and do nothing.")
@_flag("--showconfig", help="Deprecated: use --show-config.")
@_flag("-c", "--show-config", help="Show the configuration and the indexes.")
@_flag("--show-modversions", help="Show the versions of the symbols that a module needs.")
@_flag("--dump-modversions", help="Deprecated: use --show-modversions.")
@_flag("--show-exports", help="Show the symbols that a module exports, with their versions.")
@_flag("-n", "--dry-run", help="Do nothing; with -v, show what would be done.")
@_flag("--show", help="Deprecated: use --dry-run.")
@click.option(
    "-C", "--config", multiple=True, metavar="PATH", help="Read this file or directory instead (repeatable)."
)
@click.option("-d", "--dirname", metavar="DIR", default="", help="Use DIR/lib/modules.")
@click.option("-S", "--set-version", metavar="RELEASE", help="Use the modules of another kernel release.")
@options.syslog
@_flag("-q", "--quiet", help="Say nothing, not even what went wrong.")
@options.verbose
@_flag("--show-alias", cls=Extra, help="Show the modules that a name stands for, and do nothing.")
@_flag("--explain", cls=Extra, help="Show what would be done and what decided it, and do nothing.")
@click.option(
    "--compat",
    cls=Extra,
    type=click.Choice(["30", "34"]),
    help="Do as this kmod even where it errs: see the man page.",
)
@options.output_format("json")
@options.sysroot
def command(**words_: Any) -> int:
    """Load the module NAME with all that it needs, or remove modules, or show what is known of them."""
    return Session(Asked(**words_)).run()


class Session:
    """One call of modprobe, from its words to its exit status."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.log = Log(PROG, WARNING + asked.verbose, quiet=asked.quiet, syslog=asked.syslog)
        self.choices = asked.choices
        top = asked.dirname
        base = top if not top or top.startswith("/") else f"{os.getcwd()}/{top}"
        path = asked.root.modules(base, asked.set_version)
        config = search.load(asked.root, path, asked.config, _say_early, asked.release)
        self.resolver = Resolver(config, ModuleDirectory(path, self.log.warning))

    def run(self) -> int:
        """Do what was asked; the exit status."""
        asked = self.asked
        asked.hand_down()
        for old, new in () if asked.compat else DEPRECATED.items():
            if getattr(asked, old):
                name = old.replace("_", "-")
                self.log.warning(f"--{name} is deprecated and scheduled for removal; use --{new}")
        if asked.form == "json" and not asked.only_shows:
            raise_usage(PROG, "--format json shows what would be done: give -n, -D, --explain, -R or -c too")
        if asked.shows_config:
            return self._print_config()
        if not asked.operands:
            self.log.error("missing parameters. See -h.")
            return 1
        every = (asked.every and not asked.shows_symbols) or asked.removes
        typed = "" if every else words.parameters(asked.operands[1:])
        names = asked.operands if every else asked.operands[:1]
        if asked.explain or asked.form == "json":
            return self._explain(names, typed)
        act = self._action(typed)
        return max([act(name) for name in names])

    def _action(self, typed: str) -> Callable[[str], int]:
        """What is to be done with each operand that names a module."""
        asked = self.asked
        if asked.shows_symbols:
            return self._print_symbols
        if asked.shows_names:
            return self._print_names
        if asked.removes:
            return self._remove
        return lambda name: self._load(name, typed)

    def _runner(self) -> Runner:
        from pymodutils.kernel.real import RealKernel  # noqa: PLC0415 -- a query does without

        directory = self.resolver.directory
        kernel = RealKernel(self.asked.root)
        return Runner(
            kernel, directory.is_builtin, self._removal_of, self.asked.mode, log=self.log, show=_show
        )

    def _removal_of(self, name: str) -> plan.Remove:
        return plan.remove(self.resolver, Module(name), plan.Choices())

    def _load(self, name: str, typed: str) -> int:
        status, runner = 1, self._runner()
        for module in self._found(name):
            try:
                runner.load(plan.load(self.resolver, module, typed, self.choices))
                status = 0
            except CannotLoad as error:
                self.log.error(str(error))
                status = 1
        return status

    def _removable(self, name: str) -> list[Module]:
        """The modules of a name; where there are none, that is said."""
        modules = self.resolver.lookup(name)
        if not modules:
            self._fatal(f"Module {name} not found.")
        return modules

    def _remove(self, name: str) -> int:
        modules, runner = self._removable(name), self._runner()
        for module in modules:
            try:
                runner.remove(plan.remove(self.resolver, module, self.choices))
            except NotRemoved:
                return 1
        return 0 if modules else 1

    def _explain(self, names: Sequence[str], typed: str) -> int:
        from pymodutils.commands import explain, output  # noqa: PLC0415 -- only when asked
        from pymodutils.kernel.real import RealKernel  # noqa: PLC0415

        kernel, mode = RealKernel(self.asked.root), self.asked.mode
        explainer = explain.Explainer(self.resolver, kernel, ignore_loaded=mode.ignore_loaded)
        documents = []
        for name in names:
            modules = self._found(name) if not self.asked.removes else self._removable(name)
            told = [
                explainer.module(each)
                if self.asked.shows_names
                else explainer.plan(each, self._plan(each, typed))
                for each in modules
            ]
            documents.append({"name": name, "modules": told})
        if self.asked.form == "json":
            for document in documents:
                output.as_json(document, lines=len(documents) > 1)
        else:
            sys.stdout.writelines(f"{line}\n" for line in explain.text(documents))
        return 0 if all(document["modules"] for document in documents) else 1

    def _plan(self, module: Module, typed: str) -> plan.Load | plan.Remove:
        if self.asked.removes:
            return plan.remove(self.resolver, module, self.choices)
        return plan.load(self.resolver, module, typed, self.choices)

    def _print_names(self, name: str) -> int:
        modules = self._found(name)
        for module in modules:
            _show(module.name)
        return 0 if modules else 1

    def _print_symbols(self, name: str) -> int:
        from pymodutils.elf import crcs  # noqa: PLC0415 -- only for two options

        path = self._file(name)
        if not path:
            self._fatal(f"Module {name} not found.")
            return 1
        exported = self.asked.show_exports
        try:
            found = crcs.exported(path) if exported else crcs.needed(path)
        except ModutilsError as error:
            what = "symbols" if exported else "modversions"
            self._fatal(f"could not get {what} of {name}: {os.strerror(error.errno)}")
            return 1
        for symbol, crc in found:
            _show(f"0x{crc:08x}\t{symbol}")
        return 0

    def _file(self, name: str) -> str:
        """The file that ``name`` is or, unlike in kmod 34, stands for; "" if there is none."""
        if os.path.exists(name):
            return name
        modules = self.resolver.lookup(name) if not self.asked.compat else []
        return self.resolver.path(modules[0]) if modules else ""

    def _print_config(self) -> int:
        if self.asked.form == "json":
            from pymodutils.commands import explain, output  # noqa: PLC0415 -- only when asked

            output.as_json(explain.configuration(self.resolver.config, self.resolver.directory))
            return 0
        from pymodutils.depends import dump  # noqa: PLC0415 -- only for -c

        lines = dump.lines(
            self.resolver.config, self.resolver.directory, blanks_lost=self.asked.compat is not None
        )
        sys.stdout.writelines(f"{line}\n" for line in lines)
        return 0

    def _found(self, name: str) -> list[Module]:
        """The modules of a name or a path; where there are none, that is said."""
        if name.startswith(("/", "./")) and self.asked.release >= PATHS_SINCE:
            path = name if name.startswith("/") else f"{os.getcwd()}/{name}"
            try:
                os.stat(path)
            except OSError as error:
                self._fatal(f"Failed to get module from path {name}: {error.strerror}")
                return []
            return [Module(of_path(path), file=path, reasons=(Reason("path", f"the file {name} was named"),))]
        modules = self.resolver.lookup(name)
        if not modules:
            self._fatal(f"Module {name} not found in directory {self.resolver.directory.path}")
        return modules

    def _fatal(self, text: str) -> None:
        (self.log.warning if self.asked.every else self.log.fatal)(text)


def _show(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _say_early(text: str) -> None:
    """Say what kmod's library does before it knows -q and -s; only $KMOD_LOG silences that."""
    level = os.environ.get("KMOD_LOG", "err")
    if level.startswith(_LEVELS) or (level.isdigit() and int(level) >= ERROR):
        sys.stderr.write(f"libkmod: ERROR: {text}\n")
