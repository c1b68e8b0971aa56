"""Resolve the imports of a module, and check its permission; kernel/module/main.c: resolve_symbol."""

from __future__ import annotations

from errno import EBUSY, EINVAL, ENOENT
from functools import partial
from typing import TYPE_CHECKING, Final

from pymodutils.elf.constants import SHN_UNDEF, STB_WEAK
from pymodutils.errors import Refused
from pymodutils.kern_levels import ERR, WARNING
from pymodutils.kernel.base import State
from pymodutils.kernel.emulated.load.causes import CauseKind
from pymodutils.kernel.emulated.load.check_modinfo import MODULE_NAMESPACES_SINCE, MODULE_PREFIX
from pymodutils.kernel.emulated.load.check_version import LAYOUT, fits
from pymodutils.kernel.emulated.load.load_info import Wait
from pymodutils.kernel.emulated.state.taints import Taint
from pymodutils.link.failure import LinkError, OutOfBounds
from pymodutils.link.symbols import imports, simplify

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.load.find_symbol import Exporters
    from pymodutils.kernel.emulated.load.load_info import LoadInfo
    from pymodutils.kernel.emulated.state.module import FoundSymbol, KernelModule

MISSED: Final = (CauseKind.UNKNOWN, CauseKind.GPL_ONLY)
PATIENCE: Final = 30  # seconds that a module waits for init() of another one


def symbols(load: LoadInfo) -> None:
    """Set the value of every symbol."""
    percpu = load.module.percpu.address if load.module.percpu else 0
    name = load.module.name
    try:
        exporters = load.state.exporters(imports(load.object.symbols))
        resolve = partial(_stand_in if load.caller.keeps_going else _resolve, load, exporters)
        load.values = simplify(load.image, name, resolve, load.log, percpu=percpu)
    except OutOfBounds:
        raise
    except LinkError as error:  # already logged
        raise Refused(name, "; ".join(error.log), error.errno) from None
    finally:
        _forgive_weak(load)


def _stand_in(load: LoadInfo, exporters: Exporters, name: str) -> int | None:
    """The address of ``name``, or of module_layout if refused, so that all names are looked up."""
    try:
        found = _resolve(load, exporters, name)
    except Refused:
        found = None
    if found is None and (layout := exporters.find(LAYOUT)):
        return layout.export.address or 0
    return found or 0


def _resolve(load: LoadInfo, exporters: Exporters, name: str) -> int | None:
    """The address of ``name``; None if it is unresolved for this module; logs and raises Refused."""
    proprietary = load.module.taints >> Taint.PROPRIETARY & 1
    found = exporters.find(name, gpl=not proprietary)
    if found is None:
        _unknown(load, name, exporters.find(name))
        return None
    if found.export.gpl:
        load.gpl_used = True
    if found.owner and not _inherits(load, found.owner, name):
        return None
    owner = found.owner.name if found.owner else ""
    if not fits(load, name, found.export.crc, owner) or not _imports(load, found):
        raise Refused(name, name, EINVAL)
    if found.owner:
        reference(load, found.owner)
    return found.export.address or 0


def _unknown(load: LoadInfo, name: str, hidden: FoundSymbol | None) -> None:
    """Record that ``name`` is unresolved (``hidden``: not exported to this module); weak imports pass."""
    if hidden:
        owner = hidden.owner.name if hidden.owner else ""
        licence = load.modinfo("license") or ""
        load.because(CauseKind.GPL_ONLY, name, found=licence, expected=load.inherited, owner=owner)
    elif name not in load.object.arch.optional:
        load.because(CauseKind.UNKNOWN, name)


def _forgive_weak(load: LoadInfo) -> None:
    """Drop the causes of unresolved weak symbols."""
    causes, table = load.caller.causes, load.object.symbols
    if not any(cause.kind in MISSED for cause in causes):
        return
    weak = {
        table.name(at)
        for at, (info, section) in enumerate(zip(table.infos, table.sections, strict=True))
        if info >> 4 == STB_WEAK and section == SHN_UNDEF
    }
    causes[:] = [cause for cause in causes if cause.kind not in MISSED or cause.subject not in weak]


def _inherits(load: LoadInfo, owner: KernelModule, name: str) -> bool:
    """Whether a symbol of ``owner`` may be used: users of a proprietary module inherit its taint."""
    if not owner.taints >> Taint.PROPRIETARY & 1:
        return True
    who = load.module.name
    if load.gpl_used:
        uses = f"module using GPL-only symbols uses symbols {name} from proprietary module {owner.name}."
        load.log(ERR, f"{who}: {uses}")
        load.because(CauseKind.PROPRIETARY, name, owner=owner.name)
        return False
    if not load.module.taints >> Taint.PROPRIETARY & 1:
        uses = f"module uses symbols {name} from proprietary module {owner.name}, inheriting taint."
        load.log(WARNING, f"{who}: {uses}")
        load.module.taints |= 1 << Taint.PROPRIETARY
        load.inherited = owner.name
        load.because(CauseKind.PROPRIETARY, name, owner=owner.name, passes=True)
    return True


def _imports(load: LoadInfo, found: FoundSymbol) -> bool:
    """Whether the module imports the namespace of the symbol."""
    space = found.export.namespace
    if not space or space in load.all_modinfo("import_ns"):
        return True
    if load.rules.since(*MODULE_NAMESPACES_SINCE) and _is_for(space, load.module.name):
        return True
    lenient = load.on("MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS")
    owner = found.owner.name if found.owner else ""
    load.because(CauseKind.NAMESPACE, found.name, expected=space, owner=owner, passes=lenient)
    uses = f"module uses symbol ({found.name}) from namespace {space}, but does not import it."
    load.log(WARNING if lenient else ERR, f"{load.module.name}: {uses}")
    return lenient


def _is_for(space: str, name: str) -> bool:
    """Whether the namespace is a list of modules that includes ``name``; verify_module_namespace.

    A pattern may end in a star, and ``-`` equals ``_``.
    """
    if not space.startswith(MODULE_PREFIX):
        return False
    patterns, name = space.removeprefix(MODULE_PREFIX).replace("-", "_"), name.replace("-", "_")
    return any(
        name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
        for pattern in patterns.split(",")
    )


def reference(load: LoadInfo, owner: KernelModule) -> None:
    """Make the module a user of ``owner``; raises Wait while that is coming, Refused after a timeout."""
    if any(used.id == owner.id for used in load.used):
        return
    if owner.state is State.COMING:
        patient_until = load.caller.started + PATIENCE
        ends = owner.until or 0
        if load.state.now() < patient_until:
            raise Wait(min(ends, patient_until))
        load.log(WARNING, f"{load.module.name}: gave up waiting for init of module {owner.name}.")
        raise Refused(owner.name, owner.name, EBUSY)
    if owner.state is State.GOING:
        raise Refused(owner.name, owner.name, ENOENT)
    load.used.append(owner)
