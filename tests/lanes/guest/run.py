"""In a guest: run the cases with every set of tools and return the results."""

import os
import shlex
import time
from typing import Any

from tests.lanes.guest import cases, machine, samples

SHORT = 0.5  # seconds until an interrupted command is interrupted


def main(tree: str, kmods: dict[str, dict[str, list[str]]], only: str = "") -> dict[str, Any]:
    """The outcomes of each case's steps by set of tools; ``tree`` is the module directory.

    ``kmods`` has the command words of each tool of each kmod; only cases whose names contain ``only`` are
    run.
    """
    from pymodutils import cli  # noqa: F401, PLC0415 -- once, for all children

    os.umask(0o022)
    os.makedirs("/usr/lib/modules", exist_ok=True)
    if not os.path.exists("/lib"):
        os.symlink("usr/lib", "/lib")
    os.symlink(tree, f"/lib/modules/{os.uname().release}")
    samples.make(tree, "/mod")
    os.chdir("/mod")
    guest = Guest(kmods, samples.builtins(tree))
    return {
        case.name: {tools: guest.play(case, tools) for tools in case.tools if tools in (*kmods, "ours")}
        for case in cases.EVERY
        if only in case.name
    }


class Guest:
    """The guest's kernel with all sets of tools for it."""

    def __init__(self, kmods: dict[str, dict[str, list[str]]], names: dict[str, str]) -> None:
        self.kmods = kmods
        self.names = names
        self.journal = machine.Journal()
        self.holder: machine.Holder | None = None

    def play(self, case: cases.Case, tools: str) -> list[machine.Outcome]:
        """The outcomes of the steps of ``case`` with one set of tools; no module is loaded before or after."""
        print(f"{time.monotonic():.1f} {case.name}: {tools}", flush=True)  # noqa: T201 -- for the console
        machine.unload_all()
        self.journal.kernel()
        try:
            return [outcome for step in case.steps for outcome in self._step(step, tools)]
        finally:
            for name in os.listdir("/etc/modprobe.d"):
                os.unlink(f"/etc/modprobe.d/{name}")
            self._release()
            machine.unload_all()

    def _step(self, step: str, tools: str) -> list[machine.Outcome]:
        words = [self.names.get(word, word) for word in shlex.split(step)]
        if words[0].startswith(":"):
            outcome = getattr(self, f"_{words[0][1:]}")(*words[1:])
        elif words[0] == "nobody":
            outcome = self._command(words[1:], tools, user=machine.NOBODY)
        else:
            outcome = self._command(words, tools)
        if outcome is None:
            return []
        outcome.update(step=step, modules=machine.loaded())
        outcome.update(syslog=self.journal.syslog(), kernel=self.journal.kernel())
        return [outcome]

    def _command(self, words: list[str], tools: str, **how: Any) -> machine.Outcome:
        if tools != "ours":
            return machine.run([*self.kmods[tools][words[0]], *words[1:]], **how)
        return machine.fork(words, **how) if how else machine.call(words)

    def _conf(self, *words: str) -> None:
        with open("/etc/modprobe.d/case.conf", "w", encoding="ascii") as file:
            file.write(" ".join(words) + "\n")

    def _nets(self) -> machine.Outcome:
        return machine.Outcome(out="\n".join(sorted(os.listdir("/sys/class/net"))))

    def _modload(self, name: str) -> None:
        machine.insert(f"/mod/{name}.ko")

    def _hold(self, seconds: str) -> None:
        self.holder = machine.Holder(float(seconds))

    def _wait(self) -> None:
        self._release()

    def _interrupt(self, *words: str) -> machine.Outcome:
        return machine.fork(list(words), interrupt=SHORT)

    def _process(self, *words: str) -> machine.Outcome:
        return machine.run([*machine.python(), *words])

    def _release(self) -> None:
        if self.holder:
            self.holder.end()
            self.holder = None
