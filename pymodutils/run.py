"""Run plans on a kernel, or only print their steps; both use the same walk."""

from __future__ import annotations

import errno
import os
import time
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from pymodutils import shell
from pymodutils.depends.plan import Builtin, Choices, Insert, Install, Missing, Remove, line, remove
from pymodutils.depends.resolve import Module
from pymodutils.errors import ModutilsError, Refused
from pymodutils.kernel import refusals
from pymodutils.kernel.base import Init, State
from pymodutils.kernel.remove import delete, wait

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pymodutils.depends.plan import Load, Step
    from pymodutils.depends.resolve import Resolver
    from pymodutils.kernel.base import Kernel
    from pymodutils.log import Log

MOST_TURNS: Final = 100_000  # modules in one removal


class Mode(NamedTuple):
    """How plans are run."""

    dry: bool = False  # change nothing
    show: bool = False  # print each step
    ignore_loaded: bool = False  # as if no modules were loaded
    first_time: bool = False  # fail if there is nothing to do
    force: bool = False  # remove modules in use
    holders: bool = False  # first remove the modules that use it
    go_on: bool = False  # kmod's fatal errors are warnings (-a)
    wait: int = 0  # ms to wait for the reference count to drop to 0
    says_why: bool = True  # report errors in compressed data
    signals_pass: bool = False  # as in kmod, a command killed by a signal counts as successful


class CannotLoad(ModutilsError):
    """A module of a plan could not be loaded; the subject is the requested module."""


class NotRemoved(ModutilsError):
    """A module could not be removed; the reason has been printed."""


class Runner:
    """Runs plans on ``kernel``; ``show`` receives the lines that kmod prints.

    ``plan`` returns the removal plan of a soft dependency or of a holder; ``builtin`` returns whether a
    module is built in.
    """

    def __init__(
        self,
        kernel: Kernel,
        builtin: Callable[[str], bool],
        plan: Callable[[Module], Remove],
        mode: Mode,
        *,
        log: Log,
        show: Callable[[str], None],
    ) -> None:
        self.kernel = kernel
        self.builtin = builtin
        self.plan = plan
        self.log = log
        self.show = show
        self.mode = mode

    @classmethod
    def of(
        cls, resolver: Resolver, kernel: Kernel, mode: Mode, *, log: Log, show: Callable[[str], None]
    ) -> Runner:
        """The runner for the modules of ``resolver``."""
        removal = partial(_removal, resolver)
        return cls(kernel, resolver.directory.is_builtin, removal, mode, log=log, show=show)

    def load(self, wanted: Load) -> None:
        """Run ``wanted``; raises CannotLoad with the errno of the step that failed."""
        if wanted.blacklisted:
            return
        if self._is_there(wanted.module):
            if self.mode.first_time:
                raise _cannot_load(wanted.module, errno.EEXIST)
            return
        for step in wanted.steps:
            if self._is_there(step.module):
                continue
            code = self._step(step)
            if code == errno.EEXIST and not (step.requested and self.mode.first_time):
                continue
            if code and step.required:
                raise _cannot_load(wanted.module, code)

    def _is_there(self, name: str) -> bool:
        if self.mode.ignore_loaded:
            return False
        return self.builtin(name) or self.kernel.state(name) is State.LIVE

    def _step(self, step: Step) -> int:
        """Print and run ``step``; return the errno, or 0."""
        self._shown(step)
        if self.mode.dry:
            return 0
        match step:
            case Install():
                return self._install(step)
            case Insert():
                return self._insert(step)
            case Missing():
                self.log.error(f"could not find module by name='{step.module}'")
                return errno.ENOENT
            case Builtin():
                return 0

    def _shown(self, step: Step | Remove) -> None:
        text = line(step)
        if self.mode.show and text is not None:
            self.show(text)

    def _insert(self, step: Insert) -> int:
        try:
            remark = self.kernel.insert(step.path, step.options, Init(step.flags))
        except ModutilsError as error:
            if error.why and self.mode.says_why:
                self.log.error(error.why)
            self.log.info(f"Failed to insert module '{step.path}': {os.strerror(error.errno)}")
            return error.errno
        if remark:
            self.log.notice(remark)
        return 0

    def _install(self, step: Install) -> int:
        ended = self._command(step.line, step.module)
        if ended:
            about = f"install command '{step.line}' for module {step.module}"
            self.log.error(f"Error running {about}: {shell.how(ended)}")
            return errno.EINVAL
        return 0

    def _command(self, line: str, module: str) -> int:
        ended = shell.command(line, module)
        return 0 if ended < 0 and self.mode.signals_pass else ended

    def remove(self, wanted: Remove) -> None:
        """Run ``wanted``; prints the reason of a failure and raises NotRemoved.

        Raises ModutilsError after MOST_TURNS steps. A module whose removal is in progress is not entered
        again.
        """
        waiting, turns, count = {wanted.module: self._turns(wanted)}, [wanted.module], 0
        failure: NotRemoved | None = None
        while turns:
            try:
                turn = waiting[turns[-1]]
                module = turn.throw(failure) if failure else next(turn)
                failure = None
            except (StopIteration, NotRemoved) as ended:
                del waiting[turns.pop()]
                failure = ended if isinstance(ended, NotRemoved) else None
                continue
            count += 1
            if count > MOST_TURNS:
                raise _endless(wanted.module)
            if module.name not in waiting:
                turns.append(module.name)
                waiting[module.name] = self._turns(self.plan(module))
        if failure:
            raise failure

    def _turns(self, wanted: Remove) -> Generator[Module, None, None]:
        """Remove the module of ``wanted``; yields removals to run first, whose failures are thrown in."""
        asks = wanted.command is None and not self.mode.ignore_loaded
        if asks and not self._removable(wanted.module):
            return
        yield from _each(wanted.after)
        if self.mode.holders:
            for holder in reversed(self.kernel.holders(wanted.module)):
                yield Module(holder)
            if asks and not self.mode.dry and self.kernel.state(wanted.module) is None:
                yield from _each(wanted.before)  # already removed with its last holder
                return
        if asks and not self.mode.wait and (self.kernel.users(wanted.module) or 0) > 0:
            self._refuse(f"Module {wanted.module} is in use.")
        self._remove(wanted)
        for name in wanted.unused:
            if self.kernel.users(name) == 0:
                self._drop(name)
        yield from _each(wanted.before)

    def _removable(self, name: str) -> bool:
        """Whether ``name`` is loaded; prints the reason if it cannot be removed."""
        if self.builtin(name):
            self._refuse(f"Module {name} is builtin.")
        if self.kernel.state(name) is not None:
            return True
        if self.mode.first_time:
            self._refuse(f"Module {name} is not in kernel.")
        return False

    def _refuse(self, text: str) -> NoReturn:
        (self.log.warning if self.mode.go_on else self.log.fatal)(text)
        raise NotRemoved(text, text)

    def _remove(self, wanted: Remove) -> None:
        self._shown(wanted)
        if self.mode.dry:
            return
        if wanted.command is None:
            self._delete(wanted.module)
        elif self._command(wanted.line, wanted.module):
            self._refuse(f"Error running remove command for {wanted.module}")

    def _drop(self, name: str) -> None:
        """Remove modules that became unused, if possible."""
        try:
            self._remove(Remove(name, None, (), (), (), ()))
        except NotRemoved:
            pass

    def _delete(self, name: str) -> None:
        end = time.monotonic() + self.mode.wait / 1000
        try:
            wait(partial(delete, self.kernel, name, force=self.mode.force), end)
        except Refused as error:
            if error.errno != errno.EEXIST:
                self.log.error(f"could not remove '{name}': {os.strerror(error.errno)}")
                raise NotRemoved(name, str(error), error.errno) from None


def _removal(resolver: Resolver, module: Module) -> Remove:
    return remove(resolver, module, Choices())


def _each(soft: tuple[Module, ...]) -> Generator[Module, None, None]:
    for each in soft:
        try:
            yield each
        except NotRemoved:
            pass  # already reported


def _endless(name: str) -> ModutilsError:
    text = f"removing {name} takes more than {MOST_TURNS} steps: see its soft dependencies (modprobe -c)"
    return ModutilsError(name, text, errno.ELOOP)


def _cannot_load(name: str, code: int) -> CannotLoad:
    return CannotLoad(name, f"could not insert '{name}': {refusals.words(refusals.MODPROBE, code)}", code)
