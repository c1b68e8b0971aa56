"""Whatever a loader is made to say here stands in its source: Debian's package of Linux 6.1 is asked."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import pytest

from pymodutils.arch import MODULES
from pymodutils.arch.model import Says
from tests.oracles.linux import formats

FOLDERS = {"powerpc64": "powerpc"}
VALUES = {
    **dict.fromkeys(("module", "symbol", "name"), "x"),
    **dict.fromkeys(("number", "index", "section", "relsec", "offset", "size", "place"), 7),
    **dict.fromkeys(("value", "signed", "S", "sum"), 7),
}


def sayings(name: str) -> Iterator[Says]:
    """All that the architectures of a module say, and what it has ready for its functions to say."""
    module = import_module(f"pymodutils.arch.{name}")
    yield from (value for value in vars(module).values() if isinstance(value, Says))
    for arch in module.ARCHS:
        yield from (value for value in arch if isinstance(value, Says))
        for row in arch.relocs.values():
            yield from (value for value in row if isinstance(value, Says))


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize("name", sorted(set(MODULES.values())))
def test_the_source_has_these_words(name: str) -> None:
    known = formats(FOLDERS.get(name, name))
    prefix = import_module(f"pymodutils.arch.{name}").ARCHS[0].prefix
    said = {line for says in sayings(name) for line in says.text.format(prefix=prefix, **VALUES).split("\n")}
    unheard = {line for line in said if line and not any(pattern.fullmatch(line) for pattern in known)}
    assert unheard == set()
    assert len(said) > 1
