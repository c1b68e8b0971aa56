"""Tables show values as they are."""

import pytest

from pymodutils.commands.output import as_table


@pytest.mark.parametrize("value", ["8A:CD:FE:18", "[bold]x[/bold]", ":smile:", "[/]"])
def test_no_value_is_taken_for_markup_or_an_emoji(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    as_table(["value"], [[value]])
    assert capsys.readouterr().out.split() == ["value", value]
