"""A kernel in this process, QEMU, and kunit.py: ``python -m benchmarks.machine`` prints CPU times.

QEMU (TCG) boots the same kernel with an initramfs and loads the same module; CPU time is compared, because
wall time depends on other load.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks import changed_test
from benchmarks.cpu import used
from pymodutils import LiveKernel
from pymodutils.machine import boot
from tests.lanes import qemu
from tests.oracles import debian, kbuild

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE: Final = Path(__file__).parent.parent / "tests/machine/modules/sample.c"
TIMES, CALLS, FORKS = 20, 500, 60


def main() -> None:
    """Print a line for each."""
    package = debian.unpacked(debian.newest("linux-image-cloud-amd64"))
    image = next(package.glob("boot/vmlinuz-*"))
    file = kbuild.module(SOURCE, "cloud", kbuild.DEBUG)
    print(f"boot: {_cpu(lambda: boot.boot(image.read_bytes(), str(image))):.2f} s")
    first = _cpu(lambda: _first_result(image, file))
    print(f"first result of a test, the kernel in the cache: {first:.2f} s")
    with LiveKernel.boot(image) as kernel:
        _parts(kernel, file)
    print(f"QEMU boots the same kernel and loads the module: {_in_qemu(image, file):.2f} s")
    for line in changed_test.lines(image):
        print(line)


def _first_result(image: Path, file: Path) -> None:
    with LiveKernel.boot(image) as kernel:
        kernel.load(file).call("is_small", 1)


def _parts(kernel: LiveKernel, file: Path) -> None:
    def load() -> None:
        kernel.reset()
        kernel.load(file)

    print(f"restore: {_cpu(kernel.reset, TIMES) * 1000:.1f} ms")
    print(f"restore and load: {_cpu(load, TIMES) * 1000:.1f} ms")
    kernel.reset()
    module = kernel.load(file)
    call = _cpu(lambda: module.call("is_small", 1), CALLS)
    print(f"call: {call * 1000:.2f} ms")
    moment = kernel.moment()

    def test() -> None:
        kernel.restore(moment)
        module.call("is_small", 1)

    print(f"start of a test, module loaded, and one call: {_cpu(test, TIMES) * 1000:.1f} ms")
    forked = _cpu(lambda: _forked(lambda: module.call("is_small", 1)), FORKS)
    print(f"the same in a fork: {forked * 1000:.1f} ms, {60 / forked:,.0f} a minute on a processor")


def _forked(work: Callable[[], object]) -> None:
    pid = os.fork()
    if not pid:
        work()
        os._exit(0)
    os.waitpid(pid, 0)


def _in_qemu(image: Path, file: Path) -> float:
    call = "tests.lanes.guest.inits:main", [[str(file)]]
    return _cpu(lambda: list(qemu.each(*call, files=[file], image=image)))


def _cpu(work: Callable[[], object], times: int = 1) -> float:
    """Seconds of CPU time for one of ``times``, including child processes."""
    before = used()
    for _ in range(times):
        work()
    return (used() - before) / times


if __name__ == "__main__":
    main()
