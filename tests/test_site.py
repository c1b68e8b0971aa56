"""docs/ as a site: builds offline, links exist, nothing is fetched."""

from __future__ import annotations

import os
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests import pages
from tests.oracles import registry

REPOSITORY = Path(__file__).parent.parent
REQUIREMENTS = ("mkdocs==1.6.1", "mkdocs-material==9.8.2")
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$|<a id=\"([\w-]+)\">", re.MULTILINE)
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src"}


class Page(HTMLParser):
    """The links, anchors and loaded resources of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.loaded: list[str] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors.update(given[key] for key in ("id", "name") if key in given)
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if given.get(LOADED.get(tag, "")) and given.get("rel") != "canonical":
            self.loaded.append(given[LOADED[tag]])


def anchors(text: str) -> set[str]:
    """The anchors of the headings of a Markdown file."""
    found = set()
    for heading, given in HEADING.findall(text):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(given or plain.strip().replace(" ", "-"))
    return found


@pytest.mark.parametrize(
    "page", sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")]), ids=lambda it: it.name
)
def test_links_between_files_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    for link in LINK.findall(text):
        own = re.sub(r"^https://github\.com/pymodutils/pymodutils/blob/main", str(REPOSITORY), link)
        own = re.sub(r"^https://raw\.githubusercontent\.com/pymodutils/pymodutils/main", str(REPOSITORY), own)
        if own.startswith("http"):
            continue
        path, _, anchor = own.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link


@pytest.mark.lane
@pytest.mark.slow
def test_the_site(tmp_path: Path) -> None:
    tools = registry.environment(*REQUIREMENTS)
    offline = {
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
        "NO_MKDOCS_2_WARNING": "1",
    }
    done = subprocess.run(
        [tools / "bin/mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=REPOSITORY,
        env={**os.environ, **offline},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = {path: Page(path) for path in tmp_path.rglob("*.html")}
    for manual in pages.pages():
        assert f"{manual.stem}({manual.suffix[1:]})" in (tmp_path / f"man/{manual.name}.html").read_text()
    for path, page in found.items():
        assert not [url for url in page.loaded if urlsplit(url).netloc], path
        for link in page.links:
            assert leads_somewhere(link, path, found), f"{path.name}: {link}"


def leads_somewhere(link: str, page: Path, known: dict[Path, Page]) -> bool:
    """Whether ``link`` on ``page`` is external, or refers to an existing file and anchor."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or page.name == "404.html":
        return True
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    target = target / "index.html" if target.is_dir() else target
    if not target.exists():
        return False
    return not parts.fragment or target not in known or unquote(parts.fragment) in known[target].anchors
