"""Dispatch argv to a command, the only one imported; a failure is one line on stderr and exit status 1.

The tool is selected by the name of the program (``modprobe``, a symlink to it, ``pymodutils-modprobe``),
or else by the first word (``pymodutils modprobe ...``).
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from pymodutils import streams
from pymodutils.errors import Exit, ModutilsError, described
from pymodutils.names import suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.commands.getopt import Tool

OUT_OF_MEMORY: Final = "out of memory: see ulimit -v and the memory limit of the container"
UNMAPPED: Final = "failed to map segment"  # from ld.so, if memory is too short for a library
ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TRACEBACK: Final = "PYMODUTILS_TRACEBACK"  # if set, print tracebacks of internal errors


class CommandEntry(NamedTuple):
    """The module and purpose of a command."""

    module: str  # below pymodutils.commands
    help: str


TOOLS: Final = {
    "insmod": CommandEntry("insmod", "load a module file"),
    "rmmod": CommandEntry("rmmod", "remove modules"),
    "modprobe": CommandEntry("modprobe", "load or remove a module and its dependencies"),
    "modinfo": CommandEntry("modinfo", "show module metadata"),
    "depmod": CommandEntry("depmod", "generate modules.dep and map files"),
    "lsmod": CommandEntry("lsmod", "list loaded modules"),
}
SUBCOMMANDS: Final = {
    "list": CommandEntry("lsmod", "list loaded modules"),
    "static-nodes": CommandEntry("static_nodes", "print device nodes that load their module when opened"),
    "graph": CommandEntry("graph", "show the module dependency graph"),
    "check": CommandEntry("check", "check whether modules load into given kernels"),
    "profile": CommandEntry("profile", "record what this machine uses of its kernel"),
    "preflight": CommandEntry("preflight", "check what an upgrade would break on this machine"),
    "hooks": CommandEntry("hooks", "run a preflight whenever a kernel is installed"),
    "call": CommandEntry("call", "call a function of a module in a kernel booted in this process"),
    "kunit": CommandEntry("kunit", "run KUnit suites in a kernel booted in this process"),
    "cache": CommandEntry("cache", "list and clean cached kernels and descriptions"),
    "kernel": CommandEntry("kernel", "describe kernels and run emulated ones"),
    "talk": CommandEntry("talk", "run the talk 'Modules in 2.6'"),
    "completion": CommandEntry("completion", "print the completion script of a shell"),
}


OF_MODUTILS: Final = {  # man pymodutils-linux24
    "ksyms": CommandEntry("linux24.ksyms", "list what a 2.4 kernel and its modules export"),
    "kallsyms": CommandEntry("linux24.kallsyms", "extract the symbols of a 2.4 kernel for a debugger"),
}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the tool selected by ``argv`` (default: sys.argv) and exit with its status."""
    gc.disable()  # a sixth of the start-up time; the objects of a command live until it ends
    streams.prepare()
    path, *words = sys.argv if argv is None else argv
    try:
        _hear()
        _leave(*_chosen(path, words))
    except KeyboardInterrupt as ended:
        _die(ended.number if isinstance(ended, Ended) else signal.SIGINT)


def _chosen(path: str, words: Sequence[str]) -> tuple[str, int]:
    """The name and the exit status of the tool that was called ``path``."""
    prog = os.path.basename(path).removeprefix("pymodutils-").removesuffix(".py")
    try:
        if prog in TOOLS:
            return prog, run(prog, path, TOOLS[prog], words)
        return _named(words), _multi_call(words)
    except (BrokenPipeError, SystemExit):
        return prog, _failure(prog if prog in TOOLS else _named(words))


def _named(words: Sequence[str]) -> str:
    """The command that ``words`` begin with, for messages."""
    return words[0] if words and _entry(words[0]) else "pymodutils"


def _entry(name: str) -> CommandEntry | None:
    return TOOLS.get(name) or SUBCOMMANDS.get(name) or OF_MODUTILS.get(name)


class Ended(KeyboardInterrupt):
    """A signal that terminates the program after clean-up."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _hear() -> None:
    """Raise Ended on the signals in ENDING that would terminate this process."""
    sys.unraisablehook = _unraisable
    for number in ENDING:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _end)


def _unraisable(found: sys.UnraisableHookArgs) -> None:
    """End by the signal that came where Python lets no exception out: in __del__ and in callbacks of fork."""
    if isinstance(found.exc_value, Ended):
        _die(found.exc_value.number)
    sys.__unraisablehook__(found)


def _end(number: int, _frame: object) -> NoReturn:
    _stop_hearing()  # a second one terminates at once
    raise Ended(number)


def _stop_hearing() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # Python loses those that come meanwhile
    for number in ENDING:
        if signal.getsignal(number) is _end:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run(prog: str, path: str, entry: CommandEntry, words: Sequence[str]) -> int:
    """Run the command of ``entry``, named ``prog`` in messages, ``path`` in getopt's; return its status."""
    try:
        command: Tool = import_module(f"pymodutils.commands.{entry.module}").command
        return command.chosen(prog, words).call(prog, path, words)
    except Exit as leave:
        return leave.status
    except ModutilsError as error:
        _complain(f"{prog}: ERROR: {error}")
    except BrokenPipeError:
        raise
    except OSError as error:
        _complain(f"{prog}: ERROR: {described(error)}")
    except MemoryError:
        _complain(f"{prog}: ERROR: {OUT_OF_MEMORY}")
    except Exception as error:  # last resort: users get one line, not a traceback
        if isinstance(error.__cause__, KeyboardInterrupt):  # Python 3.11 wraps what __set_name__ raises
            raise error.__cause__ from None
        if TRACEBACK in os.environ:
            raise
        _complain(f"{prog}: ERROR: {_unforeseen(error)}")
    return _failure(prog)


def _unforeseen(error: Exception) -> str:
    """The message for an ``error`` that no other code handles."""
    if isinstance(error, ImportError) and UNMAPPED in str(error):
        return OUT_OF_MEMORY
    deep = isinstance(error, RecursionError)
    what = "the input is nested too deeply" if deep else f"internal error: {_place(error)}"
    return f"{what}: set {TRACEBACK}=1 and report it"


def _place(error: Exception) -> str:
    """The type of ``error``, and the line that raised it."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno})" if trace else ""
    return f"{type(error).__name__}{where}: {error}".replace("\n", " ")


def _multi_call(words: Sequence[str]) -> int:
    first = words[0] if words else ""
    entry = _entry(first)
    if entry:
        return run(first, first, entry, words[1:])
    if first in ("-V", "--version"):
        return run("pymodutils", "pymodutils", TOOLS["lsmod"], ["-V"])
    if first == "help" and len(words) > 1:
        return _multi_call([words[1], *words[2:], "--help"])
    if first in ("-h", "--help", "help"):
        print(_help())  # noqa: T201 -- the requested output
        return 0
    problem = (
        f"unknown command '{first}'{suggestion(first, [*TOOLS, *SUBCOMMANDS])}"
        if first
        else "missing command"
    )
    _complain(f"pymodutils: ERROR: {problem}")
    _complain(_help())
    return 1


def _help() -> str:
    rows = [f"  {name:<14}{entry.help}" for name, entry in {**TOOLS, **SUBCOMMANDS}.items()]
    return "\n".join(
        [
            "Usage: pymodutils COMMAND [OPTIONS]",
            "",
            "Commands:",
            *rows,
            "",
            "'pymodutils help COMMAND' shows its options.",
        ]
    )


def _complain(line: str) -> None:
    try:
        sys.stdout.flush()
    except OSError:
        pass  # reported by the line, or by _leave
    sys.stderr.write(line + "\n")


def _failure(prog: str) -> int:
    return 2 if prog in ("check", "preflight") else 1


def _leave(prog: str, status: int) -> NoReturn:
    """Exit without Python's teardown, which takes longer than some commands."""
    _stop_hearing()
    try:
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"{prog}: ERROR: {described(error)}\n")
        status = status or _failure(prog)
    if isinstance(streams.Output.failure, BrokenPipeError):
        _die(signal.SIGPIPE)
    sys.stderr.flush()
    os._exit(status)


def _die(number: int) -> NoReturn:
    """Terminate by the signal's default action."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)
