"""Answers of kmod to ``cases``, stored for the quick tests.

``python -m tests.depends.depmod.golden`` asks both kmods again.
"""

from __future__ import annotations

import json
import lzma
import tempfile
from pathlib import Path

from tests.depends.depmod.cases import CASES, ROOT
from tests.depends.depmod.compare import KMODS, Outcome, from_kmod

FILE = Path(__file__).with_name("golden.json.xz")


def kept() -> dict[str, dict[str, Outcome]]:
    """By case and version of kmod, paths below ``ROOT``."""
    found = json.loads(lzma.decompress(FILE.read_bytes()))
    return {
        case: {
            version: Outcome(
                {name: text.encode("latin-1") for name, text in files.items()}, out.encode("latin-1"), *rest
            )
            for version, (files, out, *rest) in answers.items()
        }
        for case, answers in found.items()
    }


def asked(case: str, version: str, folder: Path) -> Outcome:
    """What kmod ``version`` answers to ``case``, laid below ``folder``."""
    tree, words = CASES[case].lay(folder)
    return relative(from_kmod(version, tree, words), folder)


def relative(outcome: Outcome, root: Path) -> Outcome:
    """``outcome`` with paths below ``ROOT``."""
    return Outcome(
        {name: data.replace(bytes(root), ROOT.encode()) for name, data in outcome.files.items()},
        outcome.out.replace(bytes(root), ROOT.encode()),
        outcome.messages.replace(str(root), ROOT),
        outcome.status,
    )


def main() -> None:
    """Ask, and store the answers."""
    found: dict[str, dict[str, list[object]]] = {case: {} for case in CASES}
    for case, answers in found.items():
        for version in KMODS:
            with tempfile.TemporaryDirectory() as folder:
                files, out, *rest = asked(case, version, Path(folder))
            texts = {name: data.decode("latin-1") for name, data in files.items()}
            answers[version] = [texts, out.decode("latin-1"), *rest]
    FILE.write_bytes(lzma.compress(json.dumps(found, separators=(",", ":")).encode(), preset=9))


if __name__ == "__main__":
    main()
