"""Run the plan of a load."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from pymodutils import shell
from pymodutils.depends.plan import Builtin, Insert, Install, Missing
from pymodutils.errors import ModutilsError
from pymodutils.kernel import refusals
from pymodutils.kernel.base import Init, State
from pymodutils.run.steps import StepRunner

if TYPE_CHECKING:
    from pymodutils.depends.plan import Load, Step


class CannotLoad(ModutilsError):
    """A module of a plan could not be loaded; the subject is the requested module."""


class LoadRunner(StepRunner):
    """Loads modules."""

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
        self.shown(step)
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
        ended = self.command(step.line, step.module)
        if ended:
            about = f"install command '{step.line}' for module {step.module}"
            self.log.error(f"Error running {about}: {shell.how(ended)}")
            return errno.EINVAL
        return 0


def _cannot_load(name: str, code: int) -> CannotLoad:
    return CannotLoad(name, f"could not insert '{name}': {refusals.words(refusals.MODPROBE, code)}", code)
