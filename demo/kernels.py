"""Link two of Debian's kernels into the given folder."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.oracles.trees import tree


def main() -> None:
    """``amd64`` and ``cloud``, with boot/ and lib/modules in them."""
    for name in ("amd64", "cloud"):
        (Path(sys.argv[1]) / name).symlink_to(tree(name).root)


if __name__ == "__main__":
    main()
