"""Module metadata by pyelftools."""

from __future__ import annotations

from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import NoteSection


def modinfo(path: Path) -> list[tuple[str, str]]:
    """The (key, value) of each entry of .modinfo."""
    with path.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".modinfo")
        assert section is not None
        strings = section.data().decode().split("\0")
    return [(key, value) for key, _, value in (string.partition("=") for string in strings if string)]


def build_id(path: Path) -> str:
    """The name given by the linker."""
    with path.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".note.gnu.build-id")
        assert isinstance(section, NoteSection)
        return str(next(section.iter_notes())["n_desc"])
