"""Dispatch a modprobe call: load, remove or show."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from pymodutils.commands.getopt import raise_usage
from pymodutils.commands.modprobe.arguments import PROG
from pymodutils.commands.modprobe.session import Session, say
from pymodutils.depends import plan
from pymodutils.kernel import choose, refusals
from pymodutils.log import WARNING, Log
from pymodutils.run.load import CannotLoad
from pymodutils.run.remove import NotRemoved
from pymodutils.run.runner import Runner

if TYPE_CHECKING:
    from pymodutils.commands.modprobe.arguments import Arguments


def run(arguments: Arguments) -> int:
    """Execute ``arguments`` and return the exit status."""
    log = Log(PROG, WARNING + arguments.verbose, quiet=arguments.quiet, syslog=arguments.syslog)
    for warning in arguments.warnings():
        log.warning(warning)
    if arguments.format_ == "json" and not arguments.only_shows:
        raise_usage(PROG, "--format json requires -n, -D, --explain, -R or -c")
    if not (arguments.operands or arguments.shows_config):
        Log(PROG, syslog=arguments.syslog).error("missing parameters. See -h.")  # printed even with -q
        return 1
    arguments.hand_down()
    session = Session(arguments, log)
    if arguments.queries:
        from pymodutils.commands.modprobe import show  # noqa: PLC0415 -- rarely needed

        return show.answer(session)
    act = remove if arguments.removes else load
    return max([act(session, name) for name in arguments.names])


def load(session: Session, name: str) -> int:
    """Load the modules of ``name`` and return the exit status of the last one."""
    status, runner = 1, _runner(session)
    for module in session.found(name):
        try:
            runner.load(plan.load(session.resolver, module, session.arguments.parameters, session.choices))
            status = 0
        except CannotLoad as error:
            session.log.error(str(error))
            if error.errno == errno.ENOSYS and not session.arguments.compat:
                session.log.warning(refusals.NO_MODULES)
            status = 1
    return status


def remove(session: Session, name: str) -> int:
    """Remove the modules of ``name`` up to the first failure and return the exit status."""
    modules, runner = session.found(name), _runner(session)
    for module in modules:
        try:
            runner.remove(plan.remove(session.resolver, module, session.choices))
        except NotRemoved:
            return 1
    return 0 if modules else 1


def _runner(session: Session) -> Runner:
    kernel = choose.kernel(session.arguments.root)
    return Runner.of(session.resolver, kernel, session.arguments.mode, log=session.log, show=say)
