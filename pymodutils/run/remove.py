"""Run the plan of a removal, and those of the soft dependencies and holders that it takes along."""

from __future__ import annotations

import errno
import os
import time
from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn

from pymodutils.depends.plan import Remove
from pymodutils.depends.resolve import Module
from pymodutils.errors import ModutilsError, Refused
from pymodutils.kernel.remove import delete, wait
from pymodutils.run.steps import StepRunner

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TypeAlias

    Turns: TypeAlias = Generator[tuple[Module, bool], None, None]

MOST_TURNS: Final = 100_000  # modules in one removal


class NotRemoved(ModutilsError):
    """A module could not be removed; the reason has been printed."""


class RemoveRunner(StepRunner):
    """Removes modules."""

    def remove(self, wanted: Remove) -> None:
        """Run ``wanted``; prints the reason of a failure and raises NotRemoved.

        Raises ModutilsError after MOST_TURNS steps. A module whose removal is in progress is not entered
        again.
        """
        first = self._turns(wanted, holders=self.mode.holders)
        waiting, turns, count = {wanted.module: first}, [wanted.module], 0
        failure: NotRemoved | None = None
        while turns:
            try:
                turn = waiting[turns[-1]]
                module, holders = turn.throw(failure) if failure else next(turn)
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
                waiting[module.name] = self._turns(self.plan(module), holders=holders)
        if failure:
            raise failure

    def _turns(self, wanted: Remove, *, holders: bool) -> Turns:
        """Remove the module of ``wanted``; yields removals to run first, whose failures are thrown in.

        ``holders``: whether to remove its users first; as in kmod, not those of a soft dependency.
        """
        asks = wanted.command is None and not self.mode.ignore_loaded
        if asks and not self._removable(wanted.module):
            return
        yield from _each(wanted.after)
        if holders:
            for holder in reversed(self.kernel.holders(wanted.module)):
                yield Module(holder), True
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
        self.shown(wanted)
        if self.mode.dry:
            return
        if wanted.command is None:
            self._delete(wanted.module)
        elif self.command(wanted.line, wanted.module):
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


def _each(soft: tuple[Module, ...]) -> Turns:
    for each in soft:
        try:
            yield each, False
        except NotRemoved:
            pass  # already reported


def _endless(name: str) -> ModutilsError:
    text = f"removing {name} takes more than {MOST_TURNS} steps: see its soft dependencies (modprobe -c)"
    return ModutilsError(name, text, errno.ELOOP)
