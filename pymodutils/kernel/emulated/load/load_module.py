"""Loading a module, step by step; kernel/module/main.c: load_module, as of 6.1 and of 6.4.

Until its exports are complete a failure leaves nothing but marks and words in the log; after that, the
module has been seen, and goes as one that is removed does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.errors import Refused
from pymodutils.kernel.emulated.load import (
    apply_relocations,
    check_modinfo,
    check_version,
    complete_formation,
    elf_validity_cache_copy,
    elf_validity_check,
    layout_and_allocate,
    module_finalize,
    module_sig_check,
    setup_load_info,
    simplify_symbols,
)
from pymodutils.kernel.emulated.params import module_params
from pymodutils.kernel.emulated.state.kernel_state import ERR
from pymodutils.link.failure import LinkError, OutOfBounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.emulated.load.load_info import LoadInfo

    Steps = tuple[Callable[[LoadInfo], None], ...]

UNSEEN: Final[dict[tuple[int, ...], Steps]] = {  # by the release from which on they are taken
    (6, 1): (
        module_sig_check.check,
        elf_validity_check.check,
        setup_load_info.setup,
        setup_load_info.blacklist,
        check_version.layout,
        check_modinfo.vermagic,
        check_modinfo.out_of_tree,
        check_modinfo.retpoline,
        check_modinfo.staging,
        check_modinfo.livepatch,
        check_modinfo.livepatch_taint,
        check_modinfo.licence,
        check_modinfo.test,
        layout_and_allocate.frob,
        layout_and_allocate.write_exec,
        layout_and_allocate.place,
        layout_and_allocate.reserve_name,
        check_modinfo.unsigned,
        layout_and_allocate.percpu,
        apply_relocations.find_sections,
        check_modinfo.liars,
        apply_relocations.export_sections,
        simplify_symbols.symbols,
        apply_relocations.relocations,
        apply_relocations.finalize,
        module_finalize.patch,
        complete_formation.complete,
    ),
    (6, 4): (
        module_sig_check.check,
        elf_validity_cache_copy.sections,
        elf_validity_cache_copy.modinfo,
        elf_validity_cache_copy.this_module,
        elf_validity_cache_copy.symbols,
        setup_load_info.blacklist,
        check_version.layout,
        check_modinfo.vermagic,
        check_modinfo.livepatch,
        layout_and_allocate.reserve_name,
        layout_and_allocate.frob,
        layout_and_allocate.write_exec,
        layout_and_allocate.place,
        check_modinfo.augment,
        layout_and_allocate.percpu,
        apply_relocations.find_sections,
        apply_relocations.export_sections,
        check_modinfo.module_namespaces,
        simplify_symbols.symbols,
        apply_relocations.relocations,
        apply_relocations.finalize,
        module_finalize.patch,
        complete_formation.complete,
    ),
}
ANNOUNCED: Final[Steps] = (module_params.parse, complete_formation.sysfs)


VITAL: Final[Steps] = (  # a load cannot go past their refusal: later steps use what they found
    elf_validity_check.check,
    elf_validity_cache_copy.sections,
    elf_validity_cache_copy.modinfo,
    elf_validity_cache_copy.symbols,
    setup_load_info.setup,
    layout_and_allocate.reserve_name,
    layout_and_allocate.place,
    layout_and_allocate.percpu,
    simplify_symbols.symbols,
)


def load_module(load: LoadInfo) -> None:
    """Take all steps up to init(); raises Refused with what the system call returns.

    If the caller keeps going, a step that refuses is passed over unless it is vital.
    """
    known = (number for number in UNSEEN if load.rules.since(*number))
    newest = max(known, default=min(UNSEEN))  # of older kernels no more is known than of the oldest here
    _take(load, UNSEEN[newest], layout_and_allocate.give_back)
    _take(load, (complete_formation.announce,), complete_formation.vanish)
    _take(load, ANNOUNCED, complete_formation.undo)


def _take(load: LoadInfo, steps: Steps, undo: Callable[[LoadInfo], None]) -> None:
    try:
        for step in steps:
            _step(load, step)
    except LinkError as error:
        undo(load)
        if not load.caller.causes:
            load.note_relocation(error)
        for line in _words(error):
            load.log(ERR, line)
        raise
    except BaseException:
        undo(load)
        raise


def _step(load: LoadInfo, step: Callable[[LoadInfo], None]) -> None:
    try:
        step(load)
    except OutOfBounds:
        raise
    except (LinkError, Refused) as error:
        if not load.caller.keeps_going or step in VITAL:
            raise
        if isinstance(error, LinkError):
            load.note_relocation(error)


def _words(error: LinkError) -> tuple[str, ...]:
    """What the log says of ``error``; of what the kernel would not have noticed, our own words."""
    return (f"pymodutils: {error}",) if isinstance(error, OutOfBounds) else error.log
