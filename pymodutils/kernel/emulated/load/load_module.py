"""Load a module step by step; kernel/module/main.c: load_module, as of 6.1 and of 6.4.

Until the exports are complete, a failure leaves only taints and log messages; after that, the module is
visible, and removed like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.errors import BadState, Refused
from pymodutils.kern_levels import ERR
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
from pymodutils.link.failure import LinkError, OutOfBounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.emulated.load.load_info import LoadInfo

    Step = Callable[[LoadInfo], None]
    Steps = tuple[Step, ...]

UNSEEN: Final[dict[tuple[int, ...], Steps]] = {  # by the first release that uses them
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
        module_finalize.finalize,
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
        module_finalize.finalize,
        complete_formation.complete,
    ),
}
SEEN: Final[tuple[tuple[Steps, Step], ...]] = (  # steps, and how to undo them
    ((complete_formation.announce,), complete_formation.vanish),
    ((module_params.parse, complete_formation.sysfs), complete_formation.undo),
)

VITAL: Final[Steps] = (  # a load cannot continue past their refusal: later steps need their results
    elf_validity_check.check,
    elf_validity_cache_copy.sections,
    elf_validity_cache_copy.modinfo,
    elf_validity_cache_copy.symbols,
    setup_load_info.setup,
    layout_and_allocate.frob,
    layout_and_allocate.reserve_name,
    layout_and_allocate.place,
    layout_and_allocate.percpu,
    simplify_symbols.symbols,
)


def load_module(load: LoadInfo) -> None:
    """Run all steps up to init(); raises Refused with the errno of the system call.

    If the caller keeps going, a refusing step is skipped unless it is vital.
    """
    known = (number for number in UNSEEN if load.rules.since(*number))
    newest = max(known, default=min(UNSEEN))  # older kernels are treated like the oldest one here
    for steps, undo in ((UNSEEN[newest], layout_and_allocate.give_back), *SEEN):
        for step in steps:
            try:
                step(load)
            except BadState:  # of which nothing is left to be undone
                raise
            except BaseException as error:
                if not _passed_over(load, step, error):
                    undo(load)
                    _tell(load, error)
                    raise


def _passed_over(load: LoadInfo, step: Step, error: BaseException) -> bool:
    """Whether the load continues although ``step`` refused; a cause is recorded."""
    goes_on = load.caller.keeps_going and step not in VITAL
    if not goes_on or not isinstance(error, Refused) or isinstance(error, OutOfBounds):
        return False
    if isinstance(error, LinkError):
        load.note_relocation(error)
    return True


def _tell(load: LoadInfo, error: BaseException) -> None:
    """Log a link error; faults that the kernel does not detect get our own message."""
    if isinstance(error, LinkError):
        if not load.caller.causes:
            load.note_relocation(error)
        for line in (f"pymodutils: {error}",) if isinstance(error, OutOfBounds) else error.log:
            load.log(ERR, line)
