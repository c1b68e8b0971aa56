"""Parameters; compared with kmod in tests/commands/test_modinfo.py."""

from __future__ import annotations

from pymodutils.depends.parameters import ModuleParameter, read


def test_description_and_type_come_together_and_the_last_counts() -> None:
    entries = [("parm", "a:first"), ("parmtype", "b:int"), ("parm", "a:second"), ("parmtype", "a:bool")]
    assert read(entries) == ([ModuleParameter("b", "int", None), ModuleParameter("a", "bool", "second")], [])


def test_other_entries_are_passed_over() -> None:
    assert read([("license", "a:b"), ("parms", "x:y")]) == ([], [])


def test_what_has_no_name_is_given_back() -> None:
    assert read([("parm", "nothing"), ("parmtype", "")]) == ([], ["parm=nothing", "parmtype="])
