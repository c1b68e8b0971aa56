"""What mkdocs builds beside docs/: the README as first page, CONTRIBUTING, CHANGELOG and the manual pages."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File

REPOSITORY: Final = Path(__file__).resolve().parents[1]
PAGES: Final = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
MAN: Final = "Manual pages"
RAW: Final = re.compile(r"https://raw\.githubusercontent\.com/[\w-]+/[\w-]+/main/docs/")
BLOB: Final = re.compile(r"https://github\.com/[\w-]+/[\w-]+/blob/main/(docs/)?([\w.-]+\.md)")
BADGE: Final = re.compile(r"^\[!\[.*shields\.io.*\n", re.MULTILINE)  # would be loaded from elsewhere
OVERSTRUCK: Final = re.compile(r".\x08")
WIDTH: Final = "78"  # columns of a manual page


def on_config(config: Any) -> None:
    """List the manual pages at the end of the navigation."""
    pages = [{"Overview": "man/index.md"}, *({title(path): place(path)} for path in manuals())]
    config.nav[-1] = {MAN: pages}


def on_files(files: Any, config: Any) -> None:
    """Add the pages that are made of other files."""
    for source, target in PAGES.items():
        text = links((REPOSITORY / source).read_text())
        files.append(File.generated(config, target, content=text))
    rows = "".join(f"- [{title(path)}]({Path(place(path)).name}): {purpose(path)}\n" for path in manuals())
    files.append(File.generated(config, "man/index.md", content=f"# {MAN}\n\n{rows}"))
    for path in manuals():
        text = f"# {title(path)}\n\n```text\n{rendered(path)}```\n"
        files.append(File.generated(config, place(path), content=text))


def links(text: str) -> str:
    """``text`` with links to files of the repository as links to pages of the site, and no badges."""
    text = BADGE.sub("", text).replace("](docs/", "](")
    return RAW.sub("", BLOB.sub(_page, text))


def _page(link: re.Match[str]) -> str:
    return link[2] if link[1] else PAGES.get(link[2], link[0])


def manuals() -> list[Path]:
    """The sources of the manual pages."""
    return sorted((REPOSITORY / "man").iterdir())


def title(path: Path) -> str:
    """The name of a manual page with its section: pymodutils-check(8)."""
    return f"{path.stem}({path.suffix[1:]})"


def place(path: Path) -> str:
    """Where the page of a manual page is among the documents."""
    return f"man/{path.name}.md"


def purpose(path: Path) -> str:
    """What stands after the name in the section NAME."""
    found = re.search(r"^pymodutils\S* \\- (.*)$", path.read_text(), re.MULTILINE)
    return found[1].replace("\\-", "-") if found else ""


def rendered(path: Path) -> str:
    """The page as man(1) shows it."""
    environment = {
        **os.environ,
        "MANWIDTH": WIDTH,
        "LC_ALL": "C.UTF-8",
        "MAN_KEEP_FORMATTING": "",
        "TERM": "dumb",
    }
    words = ["man", "--no-hyphenation", "--no-justification", "--local-file", str(path)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    return OVERSTRUCK.sub("", done.stdout)
