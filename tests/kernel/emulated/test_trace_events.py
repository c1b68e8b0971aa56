"""Trace events of modules; messages from cases/events.txt, compared with real kernels."""

from __future__ import annotations

from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.modules import ABSOLUTE, WRITE, description, kernel, module
from tests.link.objects import Part, Rel

DATA = 6  # the number of its symbol
TWICE = "Could not create tracefs 'event' directory"
TAINTED = "{}: module has bad taint, not creating trace events"


def traced(name: str, event: bytes = b"event") -> bytes:
    """A module with one trace event: the call, its class, its tracepoint, and their names."""
    strings = b"system\0" + event + b"\0"
    data = Part(".data.events", bytes(48) + strings, WRITE, align=8)
    places = {16: 32, 24: 40, 32: 48, 40: 55}
    pointers = [Rel(at, ABSOLUTE, DATA, to) for at, to in places.items()]
    table = Part("_ftrace_events", bytes(8), WRITE, align=8)
    relocs = {table.name: [Rel(0, ABSOLUTE, DATA)], data.name: pointers}
    return module(name, parts=(table, data), relocs=relocs)


def said(on: EmulatedKernel) -> list[str]:
    return [line.text for line in on.log() if "event" in line.text or "trace" in line.text]


def test_the_folder_of_an_event_is_the_first_modules() -> None:
    on = kernel(TRACEPOINTS=True)
    on.init_module(traced("one"))
    assert said(on) == []
    on.init_module(traced("two"))
    assert said(on) == [TWICE]
    on.delete_module(b"one", 0)
    on.init_module(traced("three"))
    assert said(on) == [TWICE]


def test_a_name_that_no_folder_can_have_is_told() -> None:
    on = kernel(TRACEPOINTS=True)
    on.init_module(traced("one", b"a/b"))
    assert said(on) == ["Could not create tracefs 'a/b' directory"]


def test_later_kernels_make_no_folder() -> None:
    switches = {"TRACEPOINTS": True}
    later = description(**switches)._replace(release="6.6.0-made", generation="6.3", module_size=0x380)
    on = EmulatedKernel.boot(later)
    on.init_module(traced("one"))
    on.init_module(traced("two"))
    assert said(on) == []


def test_a_module_that_was_forced_has_no_events() -> None:
    on = kernel(TRACEPOINTS=True)
    on.init_module(traced("one").replace(b"vermagic=", b"vermagix="))
    on.init_module(traced("two"))
    assert said(on) == [TAINTED.format("one")]
