"""``pymodutils kunit``: run KUnit suites in a kernel booted in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

import click

from pymodutils import writer
from pymodutils.commands.getopt import Tool
from pymodutils.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.kernel.booted.kunit import Case, KunitResult

EXAMPLES: Final = [
    ("pymodutils kunit list-test.ko", "run its suites, print KTAP"),
    ("pymodutils kunit -k vmlinuz *_kunit.ko", "on another kernel"),
    ("pymodutils kunit --format junit -o r.xml list-test.ko", "for a CI server"),
]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("modules", nargs=-1, required=True, metavar="TEST.ko...")
@click.option(
    "-k", "--kernel", "image", default="", metavar="FILE", help="The kernel: an image, or a state file."
)
@click.option(
    "--format", "format_", type=click.Choice(["ktap", "junit"]), default="ktap", help="Output format (ktap)."
)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option("--timeout", default=60.0, metavar="SECONDS", help="Limit of CPU time for each module (60).")
def command(modules: tuple[str, ...], image: str, format_: str, output: str | None, timeout: float) -> int:
    """Run the KUnit suites of each TEST.ko; exit with 0 if all cases pass or are skipped.

    Each starts with a freshly booted kernel; kunit.ko is loaded from the same directory.
    """
    from pymodutils.kernel.booted import kunit  # noqa: PLC0415 -- -h works without unicorn
    from pymodutils.kernel.booted.live import LiveKernel  # noqa: PLC0415 -- the same

    with LiveKernel.boot(image) as kernel:
        runs = [kunit.run(kernel, path, timeout) for path in modules]
    lines = kunit.ktap(runs) if format_ == "ktap" else _junit(runs)
    text = "".join(f"{printable(line)}\n" for line in lines)
    if output:
        writer.save(output, text.encode("utf-8", "surrogateescape"))
    else:
        click.echo(text, nl=False)
    return 0 if all(run.ok for run in runs) else 1


def _junit(runs: Sequence[KunitResult]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield "<testsuites>"
    for run in runs:
        for suite in dict.fromkeys(it.suite for it in run.cases):
            own = [it for it in run.cases if it.suite == suite]
            bad = sum(it.outcome in {"not ok", "lost"} for it in own)
            skipped = sum(it.outcome == "skipped" for it in own)
            counts = f'tests="{len(own)}" failures="{bad}" errors="0" skipped="{skipped}"'
            yield f"<testsuite name={quoteattr(suite)} {counts}>"
            for it in own:
                yield from _case(run, it)
            yield "</testsuite>"
        if not run.cases:
            name = quoteattr(run.module)
            yield f'<testsuite name={name} tests="1" failures="0" errors="1" skipped="0">'
            yield f'<testcase classname={name} name="run"><error>{escape(run.ended)}</error></testcase>'
            yield "</testsuite>"
    yield "</testsuites>"


def _case(run: KunitResult, it: Case) -> Iterator[str]:
    start = f"<testcase classname={quoteattr(f'{run.module}.{it.suite}')} name={quoteattr(it.name)}"
    output = escape("\n".join(filter(None, [*it.lines, run.ended if it.outcome == "lost" else ""])))
    if it.outcome == "ok":
        yield f"{start}/>"
    elif it.outcome == "skipped":
        yield f"{start}><skipped/></testcase>"
    else:
        yield f"{start}><failure message={quoteattr(it.outcome)}>{output}</failure></testcase>"
