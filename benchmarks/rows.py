"""A line of docs/performance.md with its goal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from benchmarks.pairs import Ratio

TITLES = ("work", "against", "wall", "target", "CPU", "memory", "ours", "theirs")


class Row(NamedTuple):
    """``measured`` against another program; a target of 0 is none."""

    work: str
    against: str
    measured: Ratio
    wall: float = 0
    cpu: float = 0
    peak: float = 0

    def cells(self) -> list[str]:
        """The cells under TITLES; a missed target is bold."""
        found = self.measured
        return [
            self.work,
            self.against,
            _cell(found.wall, self.wall),
            f"<= {self.wall:g}" if self.wall else "",
            _cell(found.cpu, self.cpu),
            _cell(found.peak, self.peak) if found.peak else "",
            f"{found.ours.wall * 1000:,.0f} ms",
            f"{found.theirs.wall * 1000:,.0f} ms",
        ]


def table(rows: list[Row]) -> str:
    """The rows in Markdown."""
    lines = [TITLES, ["---"] * len(TITLES), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _cell(ratio: float, target: float) -> str:
    text = f"{ratio:.3f}" if ratio < 0.1 else f"{ratio:.2f}"  # noqa: PLR2004 -- digits that tell
    return f"**{text}** (missed {target:g})" if target and ratio > target else text
