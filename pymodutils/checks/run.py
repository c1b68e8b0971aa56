"""Run init() and exit() of a module on a kernel booted in this process."""

from __future__ import annotations

import errno
import os
import re
from itertools import takewhile
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.checks import after_run
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import NOT_RUN, Finding
from pymodutils.errors import ModutilsError, Refused, Unanswered
from pymodutils.kernel.sources import package
from pymodutils.machine import THESE, UNAMES
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pymodutils.checks.candidate import Candidate
    from pymodutils.checks.target import Target
    from pymodutils.kernel.booted.live import LiveKernel
    from pymodutils.kernel.booted.misuse import Misuse, Note
    from pymodutils.kernel.booted.watched import Moment

PLACES: Final = ("boot/vmlinuz-{0}", "lib/modules/{0}/vmlinuz", "usr/lib/modules/{0}/vmlinuz", "vmlinuz")
SHOWN: Final = 3  # log lines
ADVICE: Final = "see docs/machine.md for the devices of this machine"
NOISE: Final = re.compile(r"loading out-of-tree module|module verification failed|: module license ")


class RunFindings(NamedTuple):
    """The findings for one module, and whether its init() ran."""

    findings: tuple[Finding, ...]
    ran: bool


NOT: Final = RunFindings((), ran=False)


class BootableImage(NamedTuple):
    """The kernel image of a target and the certificates it trusts, or ``why`` it has none that boots."""

    path: str = ""
    why: str = ""
    keys: tuple[bytes, ...] = ()


def images(targets: Sequence[Target], cmdline: str, folder: str) -> list[BootableImage]:
    """The image of each of ``targets``, booted; those of packages are unpacked below ``folder``."""
    return [_booted(it, cmdline, os.path.join(folder, f"vmlinuz-{at}")) for at, it in enumerate(targets)]


def _booted(it: Target, cmdline: str, spare: str) -> BootableImage:
    if it.kernel.machine not in UNAMES:
        return BootableImage(why=f"only kernels of {THESE} can run here, not {it.kernel.arch or 'this one'}")
    path = _image(it, spare)
    if not path:
        return BootableImage(why=f"{it.source} contains no kernel image")
    try:
        from pymodutils.kernel.booted.live import LiveKernel  # noqa: PLC0415 -- takes unicorn

        LiveKernel.boot(path, cmdline).close()
    except ModutilsError as error:
        return BootableImage(why=str(error))
    return BootableImage(path, keys=it.kernel.keys)


def _image(it: Target, spare: str) -> str:
    """The file of the image, unpacked as ``spare`` if it is in a package; "" if there is none."""
    release = it.kernel.release or ""
    for source in it.source.split(","):
        if os.path.isdir(source):
            tops = [source, os.path.join(source, "../../..")]
            found = [os.path.join(top, place.format(release)) for top in tops for place in PLACES]
        elif source == "running":
            found = [f"/boot/vmlinuz-{release}"]
        else:
            found = [source if not source.endswith((".deb", ".rpm")) else package.image(source, spare)]
        for path in found:
            if os.path.isfile(path) and _is_image(path):
                return path
    return ""


def _is_image(path: str) -> bool:
    from pymodutils.kernelimage import container  # noqa: PLC0415 -- only for --run

    with open(path, "rb", opener=opener) as file:
        return container.is_image(file.read(container.HEAD))


class TrialRunner:
    """The kernel of ``image``, reset for each module.

    Dependencies stay loaded: the next trial starts from the latest checkpoint that has only what it needs.
    """

    def __init__(self, image: BootableImage, params: Mapping[str, str], cmdline: str) -> None:
        self.image, self.params, self.cmdline = image, params, cmdline
        self._kernel: LiveKernel | None = None
        self._chain: list[tuple[str, Moment]] = []  # files that are loaded, and the moment after each

    def run(self, module: Candidate, needed: Sequence[Candidate]) -> RunFindings:
        """What ``module`` does, which the emulated kernel takes."""
        if self.image.why:
            return RunFindings((_note(f"{NOT_RUN}{self.image.why}", ""),), ran=False)
        try:
            kernel = self._ready([it.path for it in needed])
        except ModutilsError as error:
            text = f"{NOT_RUN}a dependency does not load here: {error}"
            return RunFindings((_note(text, ADVICE),), ran=False)
        touched, taints = len(kernel.guest.machine.touched), after_run.taints(kernel)
        start, held = kernel.guest.log_end()[1], kernel.checks.left() if kernel.checks else frozenset()
        found = list(self._run(kernel, module))
        if not kernel.guest.machine.spoiled:
            found += _trouble(kernel, start, touched)
            found += after_run.tainted(taints, after_run.taints(kernel))
            found += after_run.leaks(self._left(kernel, module, needed, held))
        return RunFindings(tuple(found), ran=True)

    def _ready(self, needed: Sequence[str]) -> LiveKernel:
        from pymodutils.kernel.booted.left_behind import AllLeftBehind  # noqa: PLC0415 -- takes unicorn
        from pymodutils.kernel.booted.live import LiveKernel  # noqa: PLC0415 -- the same

        if self._kernel is None:
            self._kernel = LiveKernel.boot(self.image.path, self.cmdline)
            self._kernel.trust(self.image.keys)
            if self._kernel.guest.machine.arch.checked:
                self._kernel.check([AllLeftBehind])
        kernel = self._kernel
        same = (path == wanted for (path, _), wanted in zip(self._chain, needed, strict=False))
        kept = sum(takewhile(bool, same))
        del self._chain[kept:]
        if self._chain:
            kernel.restore(self._chain[-1][1])
        else:
            kernel.reset()
        for path in needed[kept:]:
            kernel.insert(path, "")
            self._chain.append((path, kernel.moment()))
        return kernel

    def _run(self, kernel: LiveKernel, module: Candidate) -> Iterator[Finding]:
        """Load and remove the module."""
        start = kernel.guest.log_end()[1]
        try:
            kernel.insert(module.path, self.params.get(module.name, ""))
        except Refused as refused:
            yield _note(f"init returned {_name(refused.errno)}{_logged(kernel, start)}", ADVICE)
            return
        except Unanswered as end:
            yield _oops(f"init did not return: {_first(end)}")
            return
        yield _note(f"init returned 0{_logged(kernel, start)}", "")
        try:
            kernel.delete(module.name)
        except Refused as refused:
            if refused.errno != errno.EBUSY:  # it has no exit()
                yield _note(f"it could not be removed: {_name(refused.errno)}", "")
        except Unanswered as end:
            yield _oops(f"exit did not return: {_first(end)}")

    def _left(
        self,
        kernel: LiveKernel,
        module: Candidate,
        needed: Sequence[Candidate],
        held: Collection[tuple[Note, int]],
    ) -> list[Misuse]:
        """What the module has left allocated besides ``held``; run once more for the names of functions."""
        from pymodutils.kernel.booted.misuse import named  # noqa: PLC0415 -- takes unicorn

        if kernel.state(module.name) is not None or not kernel.left_by(module.name, held):
            return []
        kernel = self._ready([it.path for it in needed])
        try:
            kernel.insert(module.path, self.params.get(module.name, ""))
            kernel.adopt(module.path)
            kernel.delete(module.name)
        except Refused:
            kernel.adopt(module.path)
        return named(kernel.left_by(module.name, held), kernel)


def _trouble(kernel: LiveKernel, start: int, touched: int) -> Iterator[Finding]:
    """Warnings of the kernel, and accesses to missing devices."""
    from pymodutils.kernel.booted import ends  # noqa: PLC0415 -- takes unicorn

    lines = [ends.text(line) for line in kernel.guest.log(start)[0]]
    yield from after_run.warned(lines)
    for text in ends.touched(kernel.guest.machine.touched[touched:], kernel.guest.symbol):
        yield _note(text, ADVICE)


def _logged(kernel: LiveKernel, start: int) -> str:
    """The log lines since ``start``, as the end of a sentence."""
    lines = [line.partition("] ")[2] for line in kernel.guest.log(start)[0]]
    lines = [line for line in lines if not NOISE.search(line)]
    more = f" ... ({len(lines)} lines)" if len(lines) > SHOWN else ""
    return f", and logged: {' | '.join(lines[:SHOWN])}{more}" if lines else ""


def _first(end: Unanswered) -> str:
    return str(end).partition("\n")[0].removeprefix(f"{end.subject}: ")


def _name(code: int) -> str:
    from pymodutils.kernel.booted import words  # noqa: PLC0415 -- takes unicorn

    return repr(words.status(-code))


def _note(text: str, advice: str) -> Finding:
    return Finding(Rule.RUN, Severity.NOTE, "init", text, advice)


def _oops(text: str) -> Finding:
    return Finding(Rule.RUN_OOPS, Severity.WARNING, text.partition(" ")[0], text, Rule.RUN_OOPS.advice)
