"""Every loader message occurs in the kernel's source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

import pytest

from pymodutils.arch import MODULES
from pymodutils.arch.reloc import Diagnostic
from tests.oracles.linux import formats

FOLDERS = {"powerpc64": "powerpc"}
VALUES = {
    **dict.fromkeys(("module", "symbol", "anonymous", "against", "name"), "x"),
    **dict.fromkeys(("number", "index", "section", "relsec", "offset", "size", "place"), 7),
    **dict.fromkeys(("value", "signed", "words", "S", "sum"), 7),
}


def sayings(module: Any) -> Iterator[Diagnostic]:
    """All diagnostics of the architectures in a module, and those of its functions."""
    yield from _says(vars(module).values())
    for arch in module.ARCHS:
        yield from _says(arch)
        for row in arch.relocs.values():
            yield from _says(row)


def since_release(module: Any) -> Iterator[tuple[tuple[int, ...], Diagnostic]]:
    """The diagnostics of later kernels, with their releases."""
    for arch in module.ARCHS:
        for change in arch.since_release:
            yield from ((change.release, said) for said in _says(change.facts.values()))
        for row in arch.relocs.values():
            if row.since > (6, 1):
                yield from ((row.since, said) for said in _says(row))


def _says(values: Iterable[object]) -> Iterator[Diagnostic]:
    return (value for value in values if isinstance(value, Diagnostic))


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize("name", sorted(set(MODULES.values())))
def test_the_source_has_these_words(name: str) -> None:
    module = import_module(f"pymodutils.arch.{name}")
    since = list(since_release(module))
    new = {said for release, said in since if release <= (6, 12)}
    newest = {said for release, said in since if release > (6, 12)}
    for release, said in (("6.1", set(sayings(module)) - new - newest), ("6.12", new), ("newest", newest)):
        if not said:
            continue
        known = formats(FOLDERS.get(name, name), release)
        prefix = module.ARCHS[0].prefix
        lines = {
            line
            for diagnostic in said
            for line in diagnostic.text.format(prefix=prefix, **VALUES).split("\n")
        }
        unheard = {line for line in lines if line and not any(one.fullmatch(line) for one in known)}
        assert unheard == set(), release
