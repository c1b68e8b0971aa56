"""Parse KTAP; Documentation/dev-tools/ktap.rst."""

from __future__ import annotations

from pymodutils.kernel.booted.kunit import Case, KunitResult, cases, ktap

LOG = """    KTAP version 1
    # Subtest: first
    1..3
    # one: words
    ok 1 one
        KTAP version 1
        # Subtest: two
        ok 1 parameter
        not ok 2 other
    not ok 2 two
    ok 3 three # SKIP not here
not ok 1 first
    KTAP version 1
    # Subtest: second
    1..3
    ok 1 - four
BUG: it crashed""".splitlines()


def test_cases() -> None:
    found = list(cases(LOG))
    assert [(it.suite, it.name, it.outcome) for it in found] == [
        ("first", "one", "ok"),
        ("first", "two", "not ok"),
        ("first", "three", "skipped"),
        ("second", "four", "ok"),
        ("second", "lost 1", "lost"),
        ("second", "lost 2", "lost"),
    ]
    assert found[0].lines == ("    # one: words",)
    assert found[4].lines == ("BUG: it crashed",)


def test_documents_are_joined() -> None:
    case = Case("s", "c", "ok", ())
    runs = [
        KunitResult("a", 1, ("    ok 1 c", "ok 1 s"), (case,)),
        KunitResult("b", 1, ("word", "not ok 1 t"), (case,), "it oopsed"),
    ]
    assert list(ktap(runs)) == [
        *("KTAP version 1", "1..2", "    ok 1 c", "ok 1 s", "# word", "not ok 2 t", "Bail out! b: it oopsed"),
    ]
    assert [it.ok for it in runs] == [True, False]
