"""The committed completions are up to date."""

from __future__ import annotations

from completions.__main__ import HERE, files
from completions.commands import commands


def test_the_committed_files_are_current() -> None:
    made = files(commands())
    assert {name: (HERE / name).read_text() for name in made} == made


def test_no_file_is_left_from_before() -> None:
    kept = {
        str(path.relative_to(HERE)) for shell in ("bash", "zsh", "fish") for path in HERE.glob(f"{shell}/*")
    }
    assert kept == set(files(commands()))
