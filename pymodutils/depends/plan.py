"""Plans of modprobe as values, made from configuration and indexes, then printed or run.

A plan does not depend on the kernel: whether a module is already loaded is checked when the plan runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.depends.resolve import Module, Reason, Soft, command_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.depends.resolve import Resolver

VARIABLE: Final = "$CMDLINE_OPTS"
_NONE: Final = Soft()


class Insert(NamedTuple):
    """Load the file ``path``."""

    module: str
    path: str
    options: str
    flags: int  # of finit_module
    required: bool  # a failure aborts the plan
    requested: bool  # the module itself, not a dependency
    reasons: tuple[Reason, ...]


class Install(NamedTuple):
    """Run the command of an install line instead of loading the module."""

    module: str
    command: str  # as configured
    options: str
    required: bool
    requested: bool
    reasons: tuple[Reason, ...]

    @property
    def line(self) -> str:
        """The command line for the shell."""
        return self.command.replace(VARIABLE, self.options)


class Builtin(NamedTuple):
    """The module is built in: there is nothing to do."""

    module: str
    required: bool
    requested: bool
    reasons: tuple[Reason, ...]

    @property
    def options(self) -> str:
        """No parameters."""
        return ""


class Missing(NamedTuple):
    """An alias names a module that has no file."""

    module: str
    required: bool
    requested: bool
    reasons: tuple[Reason, ...]

    @property
    def options(self) -> str:
        """No parameters."""
        return ""


Step = Insert | Install | Builtin | Missing


class Load(NamedTuple):
    """The steps of loading a module, in order."""

    module: str
    steps: tuple[Step, ...]
    blacklisted: Reason | None = None  # then there are no steps


class Remove(NamedTuple):
    """Removal of a module: soft dependencies before and after it, then unused dependencies.

    ``command`` of a remove line replaces the removal itself; then ``unused`` is empty. A soft dependency is
    planned at its turn: most are gone by then, and their combinations may be exponential.
    """

    module: str
    command: str | None
    after: tuple[Module, ...]  # post soft dependencies: removed first
    unused: tuple[str, ...]  # removed after it if unused
    before: tuple[Module, ...]  # pre soft dependencies: removed last
    reasons: tuple[Reason, ...]

    @property
    def line(self) -> str:
        """The command line for the shell; a removal has no options."""
        return (self.command or "").replace(VARIABLE, "")


class Choices(NamedTuple):
    """Choices by command line options and compatibility."""

    flags: int = 0  # of finit_module
    ignore_commands: bool = False  # and soft dependencies of the named module
    blacklist_names: bool = False  # apply blacklists to names too, not only to aliases
    install_yields: bool = False  # as in kmod, an install line is ignored with a soft dependency


def load(resolver: Resolver, module: Module, options: str, choices: Choices) -> Load:
    """The plan to load ``module``; ``options`` are those given on the command line."""
    forbidden = resolver.blacklisted(module) if module.alias or choices.blacklist_names else None
    if forbidden:
        return Load(module.name, (), forbidden)
    steps = [
        _step(resolver, each, options, choices)
        for each in _planned(resolver, module, ignore=choices.ignore_commands)
    ]
    return Load(module.name, tuple(steps))


class _PlannedModule(NamedTuple):
    """A module at its turn in a plan."""

    module: Module
    soft: Soft
    required: bool
    requested: bool
    ignore: bool


def _planned(resolver: Resolver, requested: Module, *, ignore: bool) -> Iterator[_PlannedModule]:
    """The modules to load for ``requested``, in order, including itself; duplicates are possible.

    For each dependency, then the module: the pre soft dependencies with their own modules, itself, and the
    post ones. Only the requested module and soft dependencies are not repeated.
    """
    seen: set[tuple[str, str]] = set()
    todo: list[_PlannedModule | tuple[Module, bool, bool]] = [(requested, True, ignore)]
    while todo:
        turn = todo.pop()
        if isinstance(turn, _PlannedModule):
            yield turn
            continue
        module, required, ignored = turn
        if module.key in seen:
            continue
        seen.add(module.key)
        chain: list[_PlannedModule | tuple[Module, bool, bool]] = []
        for each in (*resolver.needs(module), module):
            skip = ignored and each is module
            soft = _NONE if skip else resolver.soft(each)
            chain += [(target, False, False) for target in soft.pre]
            chain.append(_PlannedModule(each, soft, required, each is requested, skip))
            chain += [(target, False, False) for target in soft.post]
        todo += reversed(chain)


def _step(resolver: Resolver, planned: _PlannedModule, typed: str, choices: Choices) -> Step:
    module, required, requested = planned.module, planned.required, planned.requested
    lines = resolver.options(module)
    options = _joined(" ".join(line.text for line in lines if line.text), typed if requested else "")
    told = [Reason("options", f"options {line.module} {line.text}", str(line.place)) for line in lines]
    reasons = (*module.reasons, *told)
    command = None if planned.ignore else resolver.install(module)
    if command:
        decided = command_line("install", command)
        if not (choices.install_yields and any(planned.soft)):
            reasons += _new(module, decided)
            return Install(module.name, command.command, options, required, requested, reasons)
        text = f"{decided.text}: ignored because of a soft dependency"
        reasons += (decided._replace(kind="ignored", text=text),)
    path = resolver.path(module)
    if path:
        return Insert(module.name, path, options, choices.flags, required, requested, reasons)
    if resolver.directory.is_builtin(module.name):
        reasons += _new(module, resolver.built_in(module.name))
        return Builtin(module.name, required, requested, reasons)
    return Missing(module.name, required, requested, reasons)


def _new(module: Module, reason: Reason) -> tuple[Reason, ...]:
    return () if reason in module.reasons else (reason,)


def _joined(configured: str, typed: str) -> str:
    return f"{configured} {typed}" if configured else typed


def remove(resolver: Resolver, module: Module, choices: Choices) -> Remove:
    """The plan to remove ``module``."""
    command = None if choices.ignore_commands else resolver.remove(module)
    soft = _NONE if choices.ignore_commands else resolver.soft(module)
    unused = () if command else tuple(each.name for each in resolver.needs(module))
    reasons = (
        *module.reasons,
        *((command_line("remove", command),) if command and not module.remove else ()),
    )
    line = command.command if command else None
    return Remove(module.name, line, soft.post[::-1], unused, soft.pre[::-1], reasons)


def removals(resolver: Resolver, requested: Remove) -> Iterator[Remove]:
    """``requested`` and the removals for its soft dependencies, in order, without duplicates."""
    seen = {requested.module}
    todo = [*_around(requested)]
    while todo:
        turn = todo.pop()
        if isinstance(turn, Remove):
            yield turn
        elif turn.name not in seen:
            seen.add(turn.name)
            todo += _around(remove(resolver, turn, Choices()))


def _around(plan: Remove) -> tuple[Module | Remove, ...]:
    """``plan`` and its soft dependencies, the last first."""
    return (*reversed(plan.before), plan, *reversed(plan.after))


def line(step: Step | Remove) -> str | None:
    """The step as printed by kmod; None if it is not printed."""
    match step:
        case Insert():
            return f"insmod {step.path} {step.options}"
        case Install():
            return f"install {step.command} {step.options}"
        case Builtin():
            return f"builtin {step.module}"
        case Remove():
            return f"rmmod {step.module}" if step.command is None else f"remove {step.line}"
        case _:
            return None
