"""Tables do not alter values."""

import os
from pathlib import Path

import pytest

from pymodutils.commands.output import as_table
from pymodutils.errors import ModutilsError
from pymodutils.writer import save


@pytest.mark.parametrize("value", ["8A:CD:FE:18", "[bold]x[/bold]", ":smile:", "[/]"])
def test_no_value_is_taken_for_markup_or_an_emoji(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    as_table(["value"], [[value]])
    assert capsys.readouterr().out.split() == ["value", value]


def test_a_file_is_replaced_whole_through_links_and_what_is_no_file_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    (tmp_path / "link").symlink_to("file")
    save(str(tmp_path / "link"), b"behind")
    assert (tmp_path / "file").read_text() == "behind"
    assert (tmp_path / "link").is_symlink()
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    save(str(tmp_path / "pipe"), b"told")
    assert os.read(reader, 10) == b"told"
    os.close(reader)
    assert sorted(os.listdir(tmp_path)) == ["file", "link", "pipe"]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ModutilsError, match=r"could not write .*: No such file or directory"):
        save(str(tmp_path / "no/such"), b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ModutilsError, match="Is a directory"):
        save(str(tmp_path / "folder"), b"")
    assert os.listdir(tmp_path) == ["folder"]
