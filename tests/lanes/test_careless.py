"""Leaks, held locks, and sleeps in atomic context, found where they happen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymodutils import LiveKernel
from pymodutils.kernel.booted.module import LiveModule
from tests.lanes.test_checks import FOLDER, SUITES, image
from tests.oracles import kbuild

pytestmark = [pytest.mark.lane, pytest.mark.slow]
BY = r" at {0}, careless\.c:\d+"
LEFT = " left behind; allocated" + BY
FAULTS = {
    "leaves_cache": "a kmem_cache" + LEFT,
    "leaves_object": "an object of a kmem_cache" + LEFT,
    "leaves_pages": "pages" + LEFT,
    "leaves_page_by_address": "pages" + LEFT,
    "leaves_vmalloc": r"memory of vmalloc\(\)" + LEFT,
    "leaves_percpu": "per-CPU memory" + LEFT,
    "leaves_workqueue": "a workqueue" + LEFT,
    "reads_unwritten": r"a read of 4 bytes never written, at offset 4 of 32 bytes at {0}, careless.c:\d+",
    "holds_mutex": "a mutex left held; taken" + BY,
    "holds_semaphore": "an rw_semaphore for writing left held; taken" + BY,
    "holds_spinlock": "a spinlock left held; taken" + BY,
    "sleeps_with_spinlock": r"a call of \w+\(\), which may sleep, with a spinlock held" + BY,
    "sleeps_with_rcu": r"a call of mutex_lock\(\), which may sleep, with rcu_read_lock\(\) held" + BY,
    "sleeps_with_interrupts_off": r"a call of mutex_lock\(\), which may sleep, with interrupts off" + BY,
}


@pytest.fixture(scope="module", params=SUITES)
def suite(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def kernel(suite: str) -> Iterator[LiveKernel]:
    with LiveKernel.boot(image(suite)) as found:
        found.check()
        yield found


@pytest.fixture
def module(kernel: LiveKernel, suite: str) -> LiveModule:
    kernel.reset()
    return kernel.load(kbuild.module(FOLDER / "careless.c", suite, kbuild.DEBUG))


def found(kernel: LiveKernel) -> list[str]:
    kernel.unload()
    assert kernel.checks
    return [str(it) for it in kernel.checks.found]


INLINE = ("holds_spinlock", "sleeps_with_spinlock", "sleeps_with_rcu")  # in kernels without preemption


@pytest.mark.parametrize("function", FAULTS)
def test_each_fault_is_found(kernel: LiveKernel, module: LiveModule, suite: str, function: str) -> None:
    if suite == "arm64" and function in INLINE:
        pytest.skip("inline functions in Debian's kernel of arm64")
    module.call(function)
    told = found(kernel)
    wanted = FAULTS[function].format(function)
    matching = [text for text in told if re.match(wanted, text)]
    assert matching, told
    assert len(told) == 1 or function == "leaves_object", told


def test_nothing_is_found_in_what_is_sound(kernel: LiveKernel, module: LiveModule) -> None:
    assert module.call("sound", 100) == 0
    assert found(kernel) == []


def test_what_python_wrote_is_written(kernel: LiveKernel, module: LiveModule) -> None:
    assert Path(module.path).stem == "careless"
    module["shared"].unwritten = 5
    assert found(kernel) == []
