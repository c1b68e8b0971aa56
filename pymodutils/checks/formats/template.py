"""Self-contained HTML pages: a template with style, script and data."""

from __future__ import annotations

import json
from pkgutil import get_data
from typing import Any, Final

SHARED: Final = {"/*STYLE*/": "page.css", "/*SCRIPT*/": "page.js"}  # holes, and the files for them
DATA: Final = "/*DATA*/null"
ESCAPES: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}  # no text may end the script


def filled(package: str, name: str, data: dict[str, Any]) -> str:
    """The template ``name`` of ``package`` with what all pages share, and ``data``."""
    text = _file(package, name)
    for hole, shared in SHARED.items():
        text = text.replace(hole, _file(__package__, shared))
    plain = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    for sign, code in ESCAPES.items():
        plain = plain.replace(sign, code)
    before, _, after = text.partition(DATA)
    return f"{before}{plain}{after}"


def _file(package: str, name: str) -> str:
    return (get_data(package, name) or b"").decode()
