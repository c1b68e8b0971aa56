"""depmod: generate modules.dep and map files."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from pymodutils import __version__
from pymodutils.commands import options
from pymodutils.commands.generation import Generations
from pymodutils.commands.getopt import Extra, raise_usage
from pymodutils.depends import hints
from pymodutils.depends.depmod import cache_file
from pymodutils.depends.depmod.files import clear
from pymodutils.depends.depmod.job import Job
from pymodutils.depends.depmod.run import Run, is_outdated
from pymodutils.errors import Exit, ModutilsError
from pymodutils.log import WARNING, Log

if TYPE_CHECKING:
    from pymodutils.depends.depmod.write import Stale
    from pymodutils.root import Root

EXAMPLES = [
    ("depmod", "after adding or removing modules of the running kernel"),
    ("depmod -b /srv/image 6.12.9", "for a kernel in another tree"),
    ("depmod --check", "check whether the database is current; write nothing"),
    ("depmod -n | grep ^kernel/fs/", "print the files without writing them"),
]
MODULES = "lib/modules"
DEPRECATED = {  # of kmod 30, which names them as typed
    "old_u": "-u",
    "old_unresolved": "--unresolved-error",
    "old_q": "-q",
    "old_quiet": "--quiet",
    "old_r": "-r",
    "old_root": "--root",
}


def _take_deprecated(command: Any) -> Any:
    for name, word in DEPRECATED.items():
        command = click.option(word, name, cls=Extra, is_flag=True, hidden=True)(command)
    return command


@click.command(cls=Generations, examples=EXAMPLES)
@click.argument("words", nargs=-1, metavar="[VERSION] [FILE]...")
@click.option(
    "-a", "--all", "everything", is_flag=True, help="Scan all modules, even if files are given (default)."
)
@click.option("-A", "--quick", is_flag=True, help="Run only if modules.dep is out of date.")
@click.option("-b", "--basedir", metavar="DIR", default="", help="The root of the module tree.")
@click.option("-m", "--moduledir", metavar="DIR", default="", help="The module directory below that root.")
@click.option("-o", "--outdir", metavar="DIR", default="", help="Write below DIR instead of that root.")
@click.option(
    "-C", "--config", metavar="PATH", multiple=True, help="Read this file or directory, not depmod.d."
)
@click.option("-e", "--errsyms", is_flag=True, help="Report unresolved symbols (needs -E or -F).")
@click.option("-E", "--symvers", metavar="FILE", default="", help="The kernel's Module.symvers, for -e.")
@click.option("-F", "--filesyms", metavar="FILE", default="", help="The kernel's System.map, for -e.")
@click.option("-n", "--show", "--dry-run", "show", is_flag=True, help="Print the text files, write nothing.")
@click.option(
    "-P", "--symbol-prefix", "prefix", metavar="CHAR", default="", help="Ignore CHAR at the start of symbols."
)
@click.option("-w", "--warn", is_flag=True, help="Report duplicate index entries.")
@click.option("--strict", cls=Extra, is_flag=True, help="Fail on damaged modules and, with -e, bad symbols.")
@click.option("--check", cls=Extra, is_flag=True, help="List files that are out of date; fail if any.")
@click.option("--cache", "kept", cls=Extra, metavar="FILE", default="", help="Cache module metadata in FILE.")
@click.option("--no-cache", cls=Extra, is_flag=True, help="Read all modules, write no cache.")
@options.compat("34", "Version of kmod to match.")
@_take_deprecated
@options.verbose
@options.machine
@options.output_format("json")
def command(**given: Any) -> int:
    """Write modules.dep, modules.alias and the other files that modprobe reads."""
    log = Log("depmod", WARNING + given["verbose"])
    _deprecated(given, log)
    if given["format_"] == "json" and not given["check"]:
        raise_usage("depmod", "--format json requires --check")
    job = _job(given, log)
    try:
        run = Run(job, log)
    except ModutilsError as error:
        log.fatal(str(error), "" if os.path.isdir(job.top) else hints.about(job.top))
        return 1
    if given["quick"] and (given["show"] or not is_outdated(run)):  # kmod prints nothing for a quick run
        return 0
    if job.errsyms and not (job.symvers or job.filesyms):
        log.warning("-e needs -E or -F")
    asked = [name for name in ("show", "strict", "verbose", "check") if given[name]]
    if not asked and run.cache.is_current():
        clear(job.out)
        return 0
    return int(_update(run, given))


def _update(run: Run, given: dict[str, Any]) -> bool:
    """Scan the modules and write or check the result; return whether there was a fault."""
    from pymodutils.commands import output  # noqa: PLC0415 -- not needed if the database is current
    from pymodutils.depends.depmod import write  # noqa: PLC0415
    from pymodutils.depends.depmod.collect import Collector  # noqa: PLC0415

    collector = Collector(run, output.Progress("modules"))
    collection = collector.collect()
    for line in collector.reasons(collection) if given["verbose"] else ():
        click.echo(line)
    faults = bool(given["strict"] and (collection.damaged or collection.unmet))
    if not (given["show"] or given["check"]) and collector.is_unchanged(collection):
        collector.keep(collection, written=True)
        clear(run.job.out)
        return faults
    if given["show"]:
        for text in write.show(collector.database(collection), run.job, run.log):
            sys.stdout.buffer.write(text)
    elif given["check"]:
        faults |= _check(
            list(write.stale(collector.database(collection), run.job, run.log)), given["format_"]
        )
    else:
        collector.write(collection)
        collector.keep(collection, written=True)
    return faults


def _check(stale: list[Stale], format_: str) -> bool:
    if format_ == "json":
        from pymodutils.commands import output  # noqa: PLC0415 -- not needed for text

        output.as_json({"current": not stale, "stale": [each._asdict() for each in stale]})
    else:
        for file, why in stale:
            click.echo(f"{file}: {why}")
    return bool(stale)


def _job(given: dict[str, Any], log: Log) -> Job:
    """The parsed command line; reports an error and raises Exit if it is invalid."""
    if len(given["prefix"]) > 1:
        log.fatal("-P only takes a single char")
    root: Root = given["root"]
    release, *files = given["words"] or (root.release(),)
    if not re.match(r"\d+\.\d+", release):
        if not release.startswith("/"):
            log.error(f"Bad version passed {release}")
            raise Exit(1)
        release, files = root.release(), [release, *files]
    top, out = _directories(given, root, release)
    elsewhere = given["basedir"] or given["outdir"] or given["moduledir"] or given["config"]
    return Job(
        root,
        release,
        top,
        out,
        given["config"],
        () if given["everything"] else tuple(files),
        int(given["compat"]),
        given["prefix"],
        given["warn"],
        __version__,
        _cache(given, release, own=not (elsewhere or files or root.sysroot)),
        given["errsyms"],
        given["symvers"],
        given["filesyms"],
    )


def _directories(given: dict[str, Any], root: Root, release: str) -> tuple[str, str]:
    """The module directory, and the directory of the database."""
    base = _whole(given["basedir"])
    inside = f"{given['moduledir'].strip('/') or MODULES}/{release}"
    if given["basedir"] or given["moduledir"]:
        top = f"{base}/{inside}" if given["basedir"] else root.path(f"/{inside}")
    else:
        top = root.modules(release=release)
    return top, f"{_whole(given['outdir'])}/{inside}" if given["outdir"] else top


def _whole(directory: str) -> str:
    return os.path.abspath(directory).rstrip("/") if directory else ""


def _cache(given: dict[str, Any], release: str, *, own: bool) -> str:
    """The cache file: the given one, or root's own for the machine's own modules."""
    if given["no_cache"] or given["show"] or given["errsyms"]:
        return ""
    if given["kept"]:
        return str(os.path.abspath(given["kept"]))
    return cache_file.path_of(release) if own and not os.geteuid() and not given["check"] else ""


def _deprecated(given: dict[str, Any], log: Log) -> None:
    """Ignore the options that kmod 30 ignores, with its warning; kmod 34 does not have them."""
    for name, word in DEPRECATED.items():
        if given[name] and given["compat"] == "30":
            log.warning(f"Ignored deprecated option {word}")
        elif given[name]:
            raise_usage("depmod", f"option {word} exists only in kmod 30: use --compat 30 to have it ignored")
