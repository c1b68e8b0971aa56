"""Stand-ins for functions: which calls they answer, and with what."""

from __future__ import annotations

from typing import Any

import pytest

from pymodutils.elf.ctype import CType, Function, Integer, Parameter, Pointer, Void
from pymodutils.errors import NotFound
from pymodutils.kernel.booted.memory import BadValue
from pymodutils.kernel.booted.replace import Replacement
from pymodutils.machine.x86_64 import MODULES
from tests.kernel.booted.fake import CODE, LONG, MODULE, TEXT, Kernel

INT = Integer("int", 4, signed=True)
RETURNS: dict[str, CType] = {"register": INT, "lookup": Pointer(Void), "kmalloc_trace": Pointer(Void)}
KERNEL = TEXT + 0x9000


@pytest.fixture
def kernel() -> Any:
    made: Any = Kernel(dict.fromkeys(RETURNS, ""))
    parameters = Parameter("a", LONG), Parameter("b", INT)
    by_address = {made.names[name]: Function(name, kind, parameters) for name, kind in RETURNS.items()}
    made.btf.function = lambda key: by_address.get(made.names.get(key, key))
    made.modules, made.stubs = {}, None
    return made


def test_a_stand_in_gets_the_arguments(kernel: Any) -> None:
    seen = []

    def refuses(a: int, b: int) -> int:
        seen.append((a, b))
        return -19

    with Replacement(kernel, "register", refuses, (), None) as replaced:
        assert kernel.enter("register", 1 << 40, (1 << 64) - 2, back=KERNEL) is None
        assert kernel.enter("register", 1 << 40, (1 << 64) - 2) == -19
        assert kernel.enter("register", 3, 4) == -19
        assert (seen, replaced.calls) == ([(1 << 40, -2), (3, 4)], 2)
    assert kernel.enter("register", 3, 4) is None


def test_some_calls_fail(kernel: Any) -> None:
    """By default with -ENOMEM, or NULL for a pointer."""
    Replacement(kernel, "register", None, (1, 3), None)
    Replacement(kernel, "lookup", None, (2,), None)
    assert [kernel.enter("register", 0) for _ in range(4)] == [-12, None, -12, None]
    assert [kernel.enter("lookup", 0) for _ in range(3)] == [None, 0, None]


def test_a_given_failure(kernel: Any) -> None:
    Replacement(kernel, "register", None, (1,), -16)
    Replacement(kernel, "lookup", None, (1,), -517)
    assert kernel.enter("register", 0) == -16
    assert kernel.enter("lookup", 0) == -517  # ERR_PTR(-EPROBE_DEFER)


def test_a_family_is_what_its_inline_function_calls(kernel: Any) -> None:
    replaced = Replacement(kernel, "kmalloc", None, (1,), None)
    assert kernel.enter("kmalloc_trace", 0) == 0
    assert (kernel.enter("lookup", 0), replaced.calls) == (None, 1)


def test_calls_by_jumps_are_the_modules(kernel: Any) -> None:
    replaced = Replacement(kernel, "register", None, (1, 2), None)
    kernel.enter("register", 0, back=CODE + 0x20)  # the function that was called ended by a jump
    kernel.enter("register", 0, back=MODULES.stop)
    assert replaced.calls == 1
    kernel.guest.running = kernel.names["register"]  # called itself
    kernel.enter("register", 0, back=CODE + 0x20)
    kernel.enter("register", 0, back=MODULE)
    assert replaced.calls == 2


def test_what_does_not_fit_is_refused(kernel: Any) -> None:
    Replacement(kernel, "register", lambda _a, _b: 1 << 31, (), None)
    with pytest.raises(BadValue, match="its stand-in gave 2147483648, but it returns int"):
        kernel.enter("register", 0)
    with pytest.raises(NotFound, match="no function none is in the kernel"):
        Replacement(kernel, "none", lambda: 0, (), None)
    with pytest.raises(NotFound, match="write MODULE:NAME"):
        Replacement(kernel, "module:none", lambda: 0, (), None)
