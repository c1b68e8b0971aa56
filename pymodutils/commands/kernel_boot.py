"""``pymodutils kernel boot``: boot an emulated kernel."""

from __future__ import annotations

import os
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING

import click

from pymodutils.commands import options, output
from pymodutils.commands.generation import Generations
from pymodutils.commands.getopt import raise_usage
from pymodutils.kernel import state_path
from pymodutils.kernel.booted import boot as booted_boot
from pymodutils.kernel.emulated import boot
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.rules import assumptions
from pymodutils.kernel.sources import source
from pymodutils.log import Log
from pymodutils.machine import UNAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.root import Root

PROG = "kernel boot"
MESSAGES = 250  # of a kernel that boots, about
SHOWN = 50  # characters of one
MACHINES = ", ".join(UNAMES.values())  # that the machine boots
EXAMPLES = [
    ("pymodutils kernel boot --from /boot/vmlinuz-6.1", "an emulation of that kernel"),
    ("pymodutils kernel boot k.state --from linux.deb", "with its state in k.state"),
    ("insmod --backend emulated:k.state dummy.ko", "load a module into it"),
    ("pymodutils kernel boot --machine --from vmlinuz", "boot the image itself: module code runs"),
]


class Boot(Generations):
    """A tool with an option ``--from`` that takes all words up to the next option."""

    def call(self, prog: str, path: str, words: Sequence[str]) -> int:
        """The exit status of the command with ``words``."""
        return super().call(prog, path, spread(words))


def spread(words: Sequence[str]) -> list[str]:
    """``words`` with ``--from A B`` as ``--from A --from B``."""
    found: list[str] = []
    sources = False
    for word in words:
        if word.startswith("-"):
            sources = word == "--from"
            found += [] if sources else [word]
        else:
            found += ["--from", word] if sources else [word]
    return found


@click.command(cls=Boot, examples=EXAMPLES)
@click.argument("state", required=False, metavar="[STATE]")
@click.option(
    "--from",
    "sources",
    multiple=True,
    metavar="SOURCE...",
    help="The kernel; see 'kernel describe'.",
)
@click.option("--cmdline", default="", metavar="TEXT", help="The kernel's command line.")
@click.option("--trust", multiple=True, metavar="CERT", help="Trust modules signed with this certificate.")
@click.option(
    "--init-returns", multiple=True, metavar="NAME=NUMBER", help="Return value of a module's init() (0)."
)
@click.option("--init-takes", multiple=True, metavar="NAME=SECONDS", help="Duration of its init() (0).")
@click.option("--exit-takes", multiple=True, metavar="NAME=SECONDS", help="Duration of its exit() (0).")
@click.option("--patch", is_flag=True, help="Patch modules after relocation, as the kernel does.")
@click.option("--run", is_flag=True, help=f"Let the image itself run init() of modules ({MACHINES}).")
@options.limit
@click.option("--machine", is_flag=True, help=f"Boot the image itself in this process ({MACHINES}).")
@click.option("--memory", default=256, metavar="MIB", help="RAM of the machine in MiB (256).")
@options.sysroot
def command(
    state: str | None,
    sources: tuple[str, ...],
    cmdline: str,
    trust: tuple[str, ...],
    init_returns: tuple[str, ...],
    init_takes: tuple[str, ...],
    exit_takes: tuple[str, ...],
    patch: bool,
    run: bool,
    machine: bool,
    memory: int,
    root: Root,
) -> None:
    """Boot an emulated kernel with its state in the file STATE, replacing an existing one.

    The default STATE is the file that --backend emulated uses. A SOURCE is anything that 'kernel describe'
    accepts. With --machine, the image SOURCE itself runs, and the default is the file of --backend machine.
    """
    if not sources:
        raise_usage(
            PROG,
            "--from is missing: give an image, package, headers or module directory, or saved description",
        )
    if machine:
        if len(sources) != 1 or trust or init_returns or init_takes or exit_takes or patch or run:
            raise_usage(
                PROG, "--machine requires one image in --from, and accepts only --cmdline and --memory"
            )
        click.echo(_booted(sources[0], state, cmdline, memory))
        return
    if run and len(sources) != 1:
        raise_usage(PROG, "--run takes one image in --from")
    described = source.describe(sources, root)
    log = Log(PROG)
    for text in (*described.conflicts, *assumptions(described)):
        log.warning(text)
    path = state_path.writable(state, boot.default_path())
    kernel = EmulatedKernel.boot(described, path, cmdline=cmdline)
    _behave(kernel, init_returns, init_takes, exit_takes)
    if patch:
        kernel.patch()
    if run:
        kernel.run(os.path.abspath(booted_boot.known(sources[0])))
    for file in trust:
        kernel.trust_file(file)
    click.echo(f"{kernel.rules.release} ({described.arch}, {len(described.exports):,} exports) in {path}")


def _booted(image: str, state: str | None, cmdline: str, memory: int) -> str:
    """Boot ``image`` on the machine, with a progress bar that counts its messages."""
    with closing(output.Progress("booting")) as progress:
        numbers = count(1)

        def heard(message: str) -> None:
            number = next(numbers)
            progress(number, max(MESSAGES, number + 1), message[:SHOWN])

        return booted_boot.boot(image, state, cmdline, memory << 20, heard)


def _behave(kernel: EmulatedKernel, *options: Sequence[str]) -> None:
    """Set the behaviour of modules from the words of --init-returns, --init-takes and --exit-takes."""
    returns, takes, leaves = map(pairs, options)
    for name in dict.fromkeys((*returns, *takes, *leaves)):
        kernel.behave(
            name,
            init=int(returns.get(name, 0)),
            init_seconds=takes.get(name, 0),
            exit_seconds=leaves.get(name, 0),
        )


def pairs(words: Sequence[str]) -> dict[str, float]:
    """``NAME=NUMBER`` words as numbers by name; exits with a message for other words."""
    found = {}
    for word in words:
        name, equals, number = word.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            equals = ""
        if not (name and equals):
            raise_usage(PROG, f"'{word}' is not NAME=NUMBER")
    return found
