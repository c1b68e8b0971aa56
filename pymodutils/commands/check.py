"""``pymodutils check``: check whether modules load into given kernels."""

from __future__ import annotations

import gc
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import click

from pymodutils.commands import check_rules, check_settings, options, output
from pymodutils.commands.check_print import FORMATS, print_comparison, print_report, write
from pymodutils.commands.getopt import raise_usage
from pymodutils.commands.verdicts import USAGE, Verdicts, outputs, status_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.checks.baseline import Surprises
    from pymodutils.checks.rules import Rule
    from pymodutils.root import Root

PROG: Final = "check"
EXAMPLES: Final = [
    ("pymodutils check x.ko", "on the running kernel"),
    ("pymodutils check --kernel '/boot/vmlinuz-*' x.ko", "on every installed kernel"),
    ("pymodutils check --kernel linux.deb --with dir x.ko", "with dependencies from dir"),
    ("pymodutils check --between old.deb new.deb x.ko", "what changed, and whether it breaks x.ko"),
]


class Check(Verdicts):
    """A tool with defaults from pyproject.toml, and a ``--between`` that takes two words."""

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> click.Context:
        """Parse ``args`` with the defaults of check_settings, which ``-h`` and ``-V`` do not need."""
        defaults = {} if {"--help", "--version"} & {*args} else check_settings.read(self.params)
        return super().make_context(info_name, args, *more, default_map=defaults, **extra)

    def call(self, prog: str, path: str, words: Sequence[str]) -> int:
        """The exit status of the command with ``words``."""
        return super().call(prog, path, _paired(words))


def _paired(words: Sequence[str]) -> list[str]:
    """``words`` with ``--between A B`` as ``--between=A --between=B``."""
    found = list(words)
    if "--between" in found:
        at = found.index("--between")
        pair = found[at + 1 : at + 3]
        found[at : at + 3] = [f"--between={word}" for word in pair]
    return found


@click.command(cls=Check, examples=EXAMPLES)
@click.argument("modules", nargs=-1, metavar="MODULE|DIR|PACKAGE...")
@click.option(
    "-k",
    "--kernel",
    "kernels",
    multiple=True,
    metavar="SOURCE",
    help="Kernel to check against, or a pattern (default: running).",
)
@click.option("-w", "--with", "more", multiple=True, metavar="DIR", help="Also look up dependencies in DIR.")
@click.option("-p", "--params", multiple=True, metavar="NAME=TEXT", help="Load module NAME with parameters.")
@click.option("--firmware", metavar="DIR", default="", help="Warn about firmware missing from DIR.")
@click.option(
    "--cmdline", default="", metavar="TEXT", help="Kernel command line, such as module.sig_enforce=1."
)
@click.option("--trust", multiple=True, metavar="CERT", help="Trust modules signed with this certificate.")
@click.option("--run", is_flag=True, help="Also run init() and exit() on the kernel, booted in this process.")
@click.option("--between", multiple=True, metavar="A B", help="Compare the exports of two kernels.")
@click.option("--symbols-of", multiple=True, metavar="MODULE", help="With --between: a module to test.")
@click.option("--format", "formats", type=click.Choice(FORMATS), multiple=True, help="Output format (text).")
@click.option(
    "-o",
    "--output",
    "paths",
    multiple=True,
    metavar="FILE",
    help="Write to FILE ('-': standard output); one for each --format.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "never"]),
    default="error",
    help="Lowest severity that fails (error).",
)
@click.option("--expect", metavar="FILE", help="Require exactly the failures listed in FILE.")
@click.option("--write-expect", metavar="FILE", help="Write the failures to FILE for --expect.")
@click.option(
    "--select", type=check_rules.Names(), multiple=True, metavar="RULE,...", help="Report only these rules."
)
@click.option(
    "--ignore", type=check_rules.Names(), multiple=True, metavar="RULE,...", help="Do not report these rules."
)
@click.option("--list-rules", is_flag=True, help="List the rules and exit.")
@click.option("--explain", type=check_rules.Names(), metavar="RULE", help="Explain a rule and exit.")
@click.option("--full", is_flag=True, help="Do not fold long lists on a terminal.")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    expose_value=False,
    callback=output.color,
    help="Use colours: on a terminal (auto), always or never.",
)
@click.option("--no-cache", is_flag=True, help="Do not use cached kernel descriptions.")
@options.limit
@options.sysroot
def command(
    modules: tuple[str, ...],
    kernels: tuple[str, ...],
    more: tuple[str, ...],
    params: tuple[str, ...],
    firmware: str,
    cmdline: str,
    trust: tuple[str, ...],
    run: bool,
    between: tuple[str, ...],
    symbols_of: tuple[str, ...],
    formats: tuple[str, ...],
    paths: tuple[str, ...],
    fail_on: str,
    expect: str | None,
    write_expect: str | None,
    select: tuple[list[Rule], ...],
    ignore: tuple[list[Rule], ...],
    list_rules: bool,
    explain: list[Rule] | None,
    full: bool,
    no_cache: bool,
    root: Root,
) -> int:
    """Check whether each MODULE loads into each kernel, without root and without loading anything.

    A MODULE is a .ko file, or a directory, .deb or .rpm package or tar archive that contains some. A SOURCE
    is anything that 'kernel describe' accepts; separate several sources of one kernel by commas.
    """
    if list_rules or explain:
        return check_rules.show(explain)
    destinations = outputs(formats, paths, PROG)
    if between:
        targets = (between, (*modules, *symbols_of))
        return _between(*targets, destinations, fail_on, full=full, cached=not no_cache, root=root)
    if not modules or symbols_of:
        raise_usage(PROG, "give the modules to check" if not modules else "--symbols-of requires --between")
    from pymodutils.checks import baseline  # noqa: PLC0415 -- not needed for -h
    from pymodutils.checks.matrix import check  # noqa: PLC0415
    from pymodutils.checks.request import Request  # noqa: PLC0415

    request = Request(
        modules, kernels or ("running",), more, _params(params), firmware, not no_cache, cmdline, trust, run
    )
    rules = check_rules.chosen(select, ignore)
    known = baseline.read(expect) if expect else None
    gc.enable()  # cli.main disables it, for short commands
    with closing(output.Progress("checking")) as progress:
        report = check(request, root, progress).only(rules)
    if known is not None:
        report = report._replace(expected=baseline.known(report, known))
    for format_, path in destinations:
        print_report(report, format_, path, full=full)
    sys.stdout.flush()
    for line in report.unread:
        sys.stderr.write(f"{PROG}: ERROR: {line}\n")
    if write_expect:
        write(write_expect, baseline.dumps(report))
    if known is not None:
        status = _surprise(baseline.compare(report, known), fail_on)
    else:
        status = 0 if write_expect else status_of(report, fail_on)
    return USAGE if report.unread else status


def _params(words: Sequence[str]) -> dict[str, str]:
    """``NAME=TEXT`` words by NAME."""
    found = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not (name and equals):
            raise_usage(PROG, f"--params {word}: not NAME=TEXT, as in --params dummy=numdummies=2")
        found[name.replace("-", "_")] = text
    return found


def _surprise(surprises: Surprises, fail_on: str) -> int:
    """Report everything unexpected; return the exit status."""
    sys.stdout.flush()
    for line in (line for kind in surprises for line in kind):
        sys.stderr.write(f"{PROG}: {line}\n")
    return int(bool(surprises) and fail_on != "never")


def _between(
    names: tuple[str, ...],
    modules: tuple[str, ...],
    destinations: Sequence[tuple[str, str | None]],
    fail_on: str,
    *,
    full: bool,
    cached: bool,
    root: Root,
) -> int:
    """Compare two kernels; 1 if a module breaks, or may break unnoticed."""
    if len(names) != 2:  # noqa: PLR2004
        raise_usage(PROG, "--between takes two kernels: --between OLD NEW")
    from pymodutils.checks.matrix import compare  # noqa: PLC0415

    found = compare(names, modules, root, cached=cached)
    for format_, path in destinations:
        print_comparison(found, format_, path, full=full)
    bad = found.broken or (found.rebuild and found.modules)
    return int(bool(bad) and fail_on != "never")
