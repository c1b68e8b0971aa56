"""kallsyms of modutils: all symbols of a kernel, for a debugger."""

from __future__ import annotations

import sys

import click

from pymodutils.commands.linux24 import options
from pymodutils.elf import compress
from pymodutils.errors import ModutilsError
from pymodutils.linux24.insmod.report import RunMessages
from pymodutils.linux24.obj import kallsyms_file

EXAMPLES = [("pymodutils kallsyms vmlinux >kallsyms.o", "write an object with the section __kallsyms")]


@click.command("kallsyms", cls=options.ModutilsTool, examples=EXAMPLES)
@click.argument("path", metavar="FILE")
def command(path: str) -> int:
    """Write the symbols of the kernel FILE as an object with the section __kallsyms."""
    report = RunMessages("kallsyms")
    try:
        made = kallsyms_file.of_kernel(compress.read(path), path, report.error)
    except ModutilsError as error:
        report.error(str(error))
        return 1
    sys.stdout.buffer.write(made)
    return int(report.errors > 0)
