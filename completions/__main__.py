"""Write bash/, zsh/ and fish/ beside this file."""

from __future__ import annotations

from pathlib import Path

from completions import bash, fish, zsh
from completions.commands import Command, commands

HERE = Path(__file__).parent


def files(found: list[Command]) -> dict[str, str]:
    """Every generated file, by its path below completions/.

    bash and fish look for a file with the name of the command: these are links to that of pymodutils.
    """
    tools = [command.name for command in found if command.is_tool]
    stub = '. "${BASH_SOURCE[0]%/*}/pymodutils"\n'
    return {
        "bash/pymodutils": bash.text(found, _part("common.bash")),
        **{f"bash/{tool}": stub for tool in tools},
        "zsh/_pymodutils": zsh.text(found, _part("common.zsh")),
        "fish/pymodutils.fish": fish.text(found, _part("common.fish")),
        **{f"fish/{tool}.fish": "source (status dirname)/pymodutils.fish\n" for tool in tools},
    }


def _part(name: str) -> str:
    return (HERE / "parts" / name).read_text()


def main() -> None:
    """Write the files."""
    for name, text in files(commands()).items():
        path = HERE / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
