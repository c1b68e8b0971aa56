"""Loading a module, step by step; kernel/module/main.c: load_module, as of 6.1 and of 6.4.

Until its exports are complete a failure leaves nothing but marks and words in the log; behind that, the
module has been seen, and goes as one that is removed does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.kernel.emulated import (
    arguments,
    claims,
    elfcheck,
    formation,
    link,
    patching,
    place,
    resolve,
    setup,
    signing,
    validity,
    versions,
)
from pymodutils.kernel.emulated.causes import Kind
from pymodutils.kernel.emulated.state import ERR
from pymodutils.link.failure import LinkError, OutOfBounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.emulated.loading import Loading

    Steps = tuple[Callable[[Loading], None], ...]

CONTENT: Final[Steps] = (
    link.export_versions,
    resolve.symbols,
    link.relocations,
    link.finalize,
    patching.patch,
    formation.complete,
)
UNSEEN: Final[dict[tuple[int, ...], Steps]] = {  # by the release from which on they are taken
    (6, 1): (
        signing.check,
        elfcheck.check,
        setup.setup,
        setup.blacklist,
        versions.layout,
        *claims.EARLY,
        place.frob,
        place.write_exec,
        place.place,
        place.reserve_name,
        claims.unsigned,
        place.percpu,
        link.find_sections,
        claims.liars,
        *CONTENT,
    ),
    (6, 4): (
        signing.check,
        validity.sections,
        validity.modinfo,
        validity.this_module,
        validity.symbols,
        setup.blacklist,
        versions.layout,
        claims.vermagic,
        claims.livepatch,
        place.reserve_name,
        place.frob,
        place.write_exec,
        place.place,
        claims.augment,
        place.percpu,
        link.find_sections,
        *CONTENT,
    ),
}
ANNOUNCED: Final[Steps] = (arguments.parse, formation.sysfs)


def load_module(load: Loading) -> None:
    """Take all steps up to init(); raises Refused with what the system call returns."""
    known = (number for number in UNSEEN if load.rules.since(*number))
    newest = max(known, default=min(UNSEEN))  # of older kernels no more is known than of the oldest here
    _take(load, UNSEEN[newest], place.give_back)
    _take(load, (formation.announce,), formation.vanish)
    _take(load, ANNOUNCED, formation.undo)


def _take(load: Loading, steps: Steps, undo: Callable[[Loading], None]) -> None:
    try:
        for step in steps:
            step(load)
    except LinkError as error:
        undo(load)
        if not load.caller.causes:
            load.because(Kind.RELOCATION, error.where.symbol, said="; ".join(error.log) or str(error))
        for line in _words(error):
            load.log(ERR, line)
        raise
    except BaseException:
        undo(load)
        raise


def _words(error: LinkError) -> tuple[str, ...]:
    """What the log says of ``error``; of what the kernel would not have noticed, our own words."""
    return (f"pymodutils: {error}",) if isinstance(error, OutOfBounds) else error.log
