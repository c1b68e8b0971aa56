"""The Linux module tools as a package; public names are imported on first use (docs/api.md)."""

TYPE_CHECKING = False  # typing's own takes a third of the time until a program hears signals
if TYPE_CHECKING:
    from pymodutils.api import (
        Modules as Modules,
        check as check,
        describe as describe,
        loaded as loaded,
        modinfo as modinfo,
    )
    from pymodutils.checks.rule_type import Severity as Severity
    from pymodutils.checks.rules import Rule as Rule
    from pymodutils.checks.verdict import Finding as Finding, Report as Report, Verdict as Verdict
    from pymodutils.depends.module_info import ModuleInfo as ModuleInfo
    from pymodutils.depends.config import Config as Config
    from pymodutils.depends.plan import (
        Builtin as Builtin,
        Insert as Insert,
        Install as Install,
        Load as Load,
        Missing as Missing,
        Remove as Remove,
        Step as Step,
    )
    from pymodutils.depends.resolve import Module as Module, Reason as Reason
    from pymodutils.depends.trie import Index as Index
    from pymodutils.errors import (
        BadIndex as BadIndex,
        BadKernel as BadKernel,
        BadLine as BadLine,
        BadModule as BadModule,
        BadState as BadState,
        ModutilsError as ModutilsError,
        NotFound as NotFound,
        Refused as Refused,
    )
    from pymodutils.kernel.base import Init as Init, Kernel as Kernel, Loaded as Loaded, State as State
    from pymodutils.kernel.booted.ends import Oops as Oops
    from pymodutils.kernel.booted.ends import Waiting as Waiting
    from pymodutils.kernel.booted.live import LiveKernel as LiveKernel
    from pymodutils.kernel.booted.module import LiveModule as LiveModule
    from pymodutils.kernel.description import Description as Description
    from pymodutils.kernel.emulated.kernel import EmulatedKernel as EmulatedKernel
    from pymodutils.kernel.real import RealKernel as RealKernel
    from pymodutils.root import Root as Root
    from pymodutils.version import __version__ as __version__

__all__ = [
    "BadIndex",
    "BadKernel",
    "BadLine",
    "BadModule",
    "BadState",
    "Builtin",
    "Config",
    "Description",
    "EmulatedKernel",
    "Finding",
    "Index",
    "Init",
    "Insert",
    "Install",
    "Kernel",
    "LiveKernel",
    "LiveModule",
    "Load",
    "Loaded",
    "Missing",
    "Module",
    "ModuleInfo",
    "Modules",
    "ModutilsError",
    "NotFound",
    "Oops",
    "RealKernel",
    "Reason",
    "Refused",
    "Remove",
    "Report",
    "Root",
    "Rule",
    "Severity",
    "State",
    "Step",
    "Verdict",
    "Waiting",
    "__version__",
    "check",
    "describe",
    "loaded",
    "modinfo",
]
HOMES = {  # module -> its public names
    "api": ("Modules", "check", "describe", "loaded", "modinfo"),
    "checks.rule_type": ("Severity",),
    "checks.rules": ("Rule",),
    "checks.verdict": ("Finding", "Report", "Verdict"),
    "depends.module_info": ("ModuleInfo",),
    "depends.config": ("Config",),
    "depends.plan": ("Builtin", "Insert", "Install", "Load", "Missing", "Remove", "Step"),
    "depends.resolve": ("Module", "Reason"),
    "depends.trie": ("Index",),
    "errors": (
        "BadIndex",
        "BadKernel",
        "BadLine",
        "BadModule",
        "BadState",
        "ModutilsError",
        "NotFound",
        "Refused",
    ),
    "kernel.base": ("Init", "Kernel", "Loaded", "State"),
    "kernel.booted.ends": ("Oops", "Waiting"),
    "kernel.booted.live": ("LiveKernel",),
    "kernel.booted.module": ("LiveModule",),
    "kernel.description": ("Description",),
    "kernel.emulated.kernel": ("EmulatedKernel",),
    "kernel.real": ("RealKernel",),
    "root": ("Root",),
    "version": ("__version__",),
}


def __getattr__(name: str) -> object:
    """Import the module of the public ``name`` on first use."""
    from importlib import import_module  # noqa: PLC0415 -- the tools do not need it

    for home, names in HOMES.items():
        if name in names:
            found = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names."""
    return __all__
