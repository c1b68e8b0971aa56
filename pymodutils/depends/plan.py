"""What modprobe is going to do, as a value: made from configuration and indexes, then shown or run.

A plan knows nothing of the kernel: whether a module is loaded already is asked when it is run.
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
    required: bool  # a failure ends the plan
    requested: bool  # the module itself, not what it needs
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
        """What the shell gets."""
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
    """All that loading one module takes, in order."""

    module: str
    steps: tuple[Step, ...]
    blacklisted: Reason | None = None  # then there are no steps


class Remove(NamedTuple):
    """Removing one module: soft dependencies around it, what it alone needed after it.

    ``command`` of a remove line replaces the removal itself; then ``unused`` is empty. A soft dependency
    gets a plan of its own at its turn: most are gone by then, and the ways through them may be too many.
    """

    module: str
    command: str | None
    after: tuple[Module, ...]  # post soft dependencies: go first
    unused: tuple[str, ...]  # go after it if nobody uses them any more
    before: tuple[Module, ...]  # pre soft dependencies: go last
    reasons: tuple[Reason, ...]

    @property
    def line(self) -> str:
        """What the shell gets: a removal has no options."""
        return (self.command or "").replace(VARIABLE, "")


class Choices(NamedTuple):
    """What the command line and the compatibility asked for decide."""

    flags: int = 0  # of finit_module
    ignore_commands: bool = False  # and soft dependencies, of the named module
    blacklist_names: bool = False  # blacklists hold for names too, not only for aliases
    install_yields: bool = False  # as in kmod, an install line is ignored with a soft dependency


def load(resolver: Resolver, module: Module, options: str, choices: Choices) -> Load:
    """The plan to load ``module``; ``options`` are those typed for it."""
    forbidden = resolver.blacklisted(module) if module.alias or choices.blacklist_names else None
    if forbidden:
        return Load(module.name, (), forbidden)
    steps = [
        _step(resolver, each, options, choices)
        for each in _wanted(resolver, module, ignore=choices.ignore_commands)
    ]
    return Load(module.name, tuple(steps))


class _Wanted(NamedTuple):
    """A module at its turn in a plan."""

    module: Module
    soft: Soft
    required: bool
    requested: bool
    ignore: bool


def _wanted(resolver: Resolver, requested: Module, *, ignore: bool) -> Iterator[_Wanted]:
    """The modules that ``requested`` takes, in order, itself included; one may come twice.

    For each dependency, then for the module: the pre soft dependencies with all that they take, it, and the
    post ones. Only the requested module and soft dependencies are kept from coming twice.
    """
    seen: set[tuple[str, str]] = set()
    todo: list[_Wanted | tuple[Module, bool, bool]] = [(requested, True, ignore)]
    while todo:
        turn = todo.pop()
        if isinstance(turn, _Wanted):
            yield turn
            continue
        module, required, ignored = turn
        if module.key in seen:
            continue
        seen.add(module.key)
        chain: list[_Wanted | tuple[Module, bool, bool]] = []
        for each in (*resolver.needs(module), module):
            skip = ignored and each is module
            soft = _NONE if skip else resolver.soft(each)
            chain += [(target, False, False) for target in soft.pre]
            chain.append(_Wanted(each, soft, required, each is requested, skip))
            chain += [(target, False, False) for target in soft.post]
        todo += reversed(chain)


def _step(resolver: Resolver, wanted: _Wanted, typed: str, choices: Choices) -> Step:
    module, required, requested = wanted.module, wanted.required, wanted.requested
    lines = resolver.options(module)
    options = _joined(" ".join(line.text for line in lines), typed if requested else "")
    told = [Reason("options", f"options {line.module} {line.text}", str(line.place)) for line in lines]
    reasons = (*module.reasons, *told)
    command = None if wanted.ignore else resolver.install(module)
    if command:
        decided = command_line("install", command)
        if not (choices.install_yields and any(wanted.soft)):
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
    """``requested`` and the removals that its soft dependencies ask for, in order, each module once."""
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
    """The step in kmod's words, or None for one that it does not show."""
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
