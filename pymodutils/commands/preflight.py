"""``pymodutils preflight``: check what an upgrade would break on this machine."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Final

import click

from pymodutils.commands import options
from pymodutils.commands.check_print import FORMATS
from pymodutils.commands.verdicts import Verdicts, outputs, status_of

if TYPE_CHECKING:
    from pymodutils.profile.profile import Profile
    from pymodutils.root import Root

PROG: Final = "preflight"
FIRMWARE: Final = "/lib/firmware"
EXAMPLES: Final = [
    ("pymodutils preflight", "this machine, under every other installed kernel"),
    ("pymodutils preflight -k 6.12.117+deb13-amd64", "under one of them"),
    ("pymodutils preflight --profile laptop.json --sysroot /mnt", "another machine's profile"),
    ("pymodutils preflight --format html -o preflight.html", "as an HTML page"),
]


@click.command(cls=Verdicts, examples=EXAMPLES)
@click.option(
    "--profile", "profiles", multiple=True, metavar="FILE", help="A profile (default: this machine's)."
)
@click.option(
    "-k", "--kernel", "kernels", multiple=True, metavar="KERNEL", help="The new kernel: a release or source."
)
@click.option("--from", "old", metavar="KERNEL", default="", help="The kernel to compare with.")
@click.option("--firmware", metavar="DIR", default="", help="Look for firmware in DIR (/lib/firmware).")
@click.option(
    "--allow-list", "allow", metavar="FILE", default="", help="Symbols that out-of-tree modules may use."
)
@click.option("--contents", multiple=True, metavar="FILE", help="An index of files in packages.")
@click.option("--format", "formats", type=click.Choice(FORMATS), multiple=True, help="Output format (text).")
@click.option(
    "-o", "--output", "paths", multiple=True, metavar="FILE", help="Write to FILE; one for each --format."
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "never"]),
    default="error",
    help="Lowest severity that fails (error).",
)
@click.option("--full", is_flag=True, help="Do not fold long lists.")
@click.option("--no-boot", is_flag=True, help="Do not load the modules into emulated kernels.")
@click.option("--no-cache", is_flag=True, help="Do not use cached descriptions and boots.")
@options.sysroot
def command(
    profiles: tuple[str, ...],
    kernels: tuple[str, ...],
    old: str,
    firmware: str,
    allow: str,
    contents: tuple[str, ...],
    formats: tuple[str, ...],
    paths: tuple[str, ...],
    fail_on: str,
    full: bool,
    no_boot: bool,
    no_cache: bool,
    root: Root,
) -> int:
    """Check what this machine, or that of a profile, would lose under another kernel.

    A KERNEL is an installed release, or any source of 'kernel describe' that includes modules.
    """
    destinations = outputs(formats, paths, PROG)
    from pymodutils.commands import preflight_print  # noqa: PLC0415 -- not needed for -h
    from pymodutils.preflight.preflight import THIS, PreflightRequest, preflight  # noqa: PLC0415

    gc.enable()  # cli.main disables it, for short commands
    place = firmware or (root.path(FIRMWARE) if not profiles else "")
    request = PreflightRequest(
        _profile(profiles, root),
        ", ".join(profiles) or THIS,
        tuple(dict.fromkeys(kernels)),
        old,
        place if os.path.isdir(place) else "",
        allow,
        contents,
        cached=not no_cache,
        boots=not no_boot,
    )
    found = preflight(request, root)
    for format_, path in destinations:
        preflight_print.write(found, format_, path, full=full)
    return status_of(found.report, fail_on)


def _profile(profiles: tuple[str, ...], root: Root) -> Profile:
    from pymodutils.profile import live, recording  # noqa: PLC0415 -- see above
    from pymodutils.profile.profile import merge  # noqa: PLC0415

    return merge([recording.read(each) for each in profiles]) if profiles else live.read(root)
